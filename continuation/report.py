"""Tables and a one-page report of a branch or diagram."""

from __future__ import annotations

import base64
import csv
import html
import io
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dynsys.storage import write_atomically

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
img { max-width: min(100%, 46rem); }
td, th { white-space: nowrap; }
table { border-collapse: collapse; font-size: 0.85rem; display: block; overflow-x: auto; }
th, td { text-align: right; padding: 0.2rem 0.7rem; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
pre { background: #f6f6f4; padding: 0.8rem; overflow-x: auto; font-size: 0.8rem; }
"""
_LINK = (
    '<p><a href="{name}">Explore it</a>: what is stable under the cursor, and the model running in '
    "the page where you click.</p>"
)


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write records as CSV, every column that any record has; complete or not at all."""
    text = io.StringIO()
    columns = _columns(rows) or ["name"]
    writer = csv.DictWriter(text, fieldnames=columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: ("" if v is None else v) for k, v in row.items()} for row in rows)
    return write_atomically(path, lambda draft: draft.write_text(text.getvalue()))


def write_report(
    result: Any, figures: Sequence[Path], path: Path, living: Path | None = None
) -> Path:
    """Write a self-contained HTML page: figure, special points, summary and how it was made.

    ``living`` is the result's page from ``explore``, in the same folder, to which it leads.
    """
    png = next(f for f in figures if f.suffix == ".png")
    image = base64.b64encode(png.read_bytes()).decode()
    model = result.model
    kind = getattr(result, "kind", "bifurcation diagram")
    title = f"{kind[0].upper()}{kind[1:]} of {model.name}"
    link = "" if living is None else _LINK.format(name=html.escape(living.name))
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><style>{_STYLE}</style>
<h1>{html.escape(title)}</h1>
<p>{html.escape(model.meaning)}</p>
<p><img alt="{html.escape(title)}" src="data:image/png;base64,{image}"></p>
{link}
<h2>Special points</h2>{_html_table(result.special_point_table())}
<h2>Summary</h2><pre>{html.escape(str(result))}</pre>
<h2>Model</h2><pre>{html.escape(model.describe())}</pre>
<h2>How it was made</h2><pre>{html.escape(_provenance(result))}</pre>
</html>"""
    return write_atomically(path, lambda draft: draft.write_text(page, encoding="utf-8"))


def _columns(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _html_table(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "<p>None in this range.</p>"
    columns = _columns(rows)
    head = "".join(f"<th>{html.escape(c)}</th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(c))}</td>" for c in columns) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else html.escape(str(value))


def _provenance(result: Any) -> str:
    packages = ["dynsys-toolbox", "numpy", "scipy", "numba", "sympy", "xarray"]
    lines = [f"{name} {version(name)}" for name in packages]
    lines.append(f"Python {platform.python_version()}")
    if hasattr(result, "settings"):
        lines.append(f"{result.settings}")
    return "\n".join(lines)
