"""One HTML file with a diagram and the model in it: no server, no network, nothing to install."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dynsys.errors import DynsysError
from dynsys.simulation.javascript import motion_script
from dynsys.storage import write_atomically
from dynsys.vector_field import VectorField

_PARTS = (
    "dom", "geometry", "spectrum", "stimulus", "charts", "response", "traces", "runner", "controls",
    "link", "frame", "plane", "plane_words", "line", "line_words", "explorer",
)  # fmt: skip
_START = """
const content = JSON.parse(document.getElementById("content").textContent);
const made = typeof makeModel === "function" ? makeModel : null;
window.explorer = explore(document.getElementById("explorer"), content, made, { linked: true });
"""
# What the page may do is said in it: its own scripts, known by their hashes, its own styles and
# pictures. A script that somebody smuggled into a name would not run, and nothing can be sent.
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {hashes}; \
style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="dynsys">
<title>{title}</title>
<style>{style}</style>
<div id="explorer">
<h1>{title}</h1>
<noscript>
<p>{subtitle}</p>
<p>The picture alone: with JavaScript the page tells what is under the cursor, and runs the model.
</p>
<img alt="{title}" src="data:image/png;base64,{picture}" style="max-width: 100%">
<ul>{points}</ul>
</noscript>
</div>
<script type="application/json" id="content">{content}</script>
<script>{script}</script>
</html>
"""


@cache
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def interface_script() -> str:
    """The page's own functions, with ``explore(root, content, makeModel, hooks)``."""
    return "\n".join(_part(f"{name}.js") for name in _PARTS)


def interface_style() -> str:
    """The page's style sheet; all of it below the class ``explorer``."""
    return _part("explorer.css")


def model_script(model: VectorField) -> tuple[str, str]:
    """The model as a script, and why there is none where it cannot run in a page."""
    try:
        return motion_script(model), ""
    except DynsysError as error:
        return "", str(error)


def page(content: Mapping[str, Any], model: VectorField, picture: bytes) -> str:
    """The page of a diagram.

    Parameters
    ----------
    content : what ``continuation.explorer.content`` and the diagram's own room put together.
    picture : PNG shown where there is no JavaScript.
    """
    running, missing = model_script(model)
    script = f'"use strict";\n{running}\n{interface_script()}\n{_START}'
    return _PAGE.format(
        title=html.escape(content["title"]),
        subtitle=html.escape(content["subtitle"]),
        style=interface_style(),
        hashes=f"'sha256-{_digest(script)}'",
        picture=base64.b64encode(picture).decode(),
        points="".join(
            f"<li>{html.escape(p['name'] + ' ' + p['words'])}</li>" for p in content["points"]
        ),
        content=as_json(dict(content) | {"missing": missing}),
        script=script,
    )


def write_page(
    content: Mapping[str, Any], model: VectorField, picture: bytes, path: str | Path
) -> Path:
    """Write the page, complete or not at all; returns where it is."""
    text = page(content, model, picture)
    return write_atomically(Path(path), lambda draft: draft.write_text(text, encoding="utf-8"))


def as_json(content: Mapping[str, Any]) -> str:
    """Data inside a script element: nothing in it ends the element or begins another."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
