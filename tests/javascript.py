"""Scripts run by Node: what pages compute, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no Node.js (node) on the path")

# Tables as a page decodes them; numbers that are not finite pass JSON as text.
_FRAME = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = (given.tables || []).map((text) => {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float64Array(bytes.buffer);
});
const endless = (value) => typeof value === "number" && !isFinite(value);
const plain = (key, value) => (endless(value) ? String(value) : value);
console.log(JSON.stringify((() => {{ {body} }})(), plain));
"""


def run_script(script: str, body: str, folder, **given):
    """What ``body`` returns after ``script``; both know ``given`` and its decoded ``tables``."""
    path = folder / "script.js"
    frame = _FRAME.replace("{{ {body} }}", "{\n" + body + "\n}")
    path.write_text(f'"use strict";\n{script}\n{frame}', encoding="utf-8")
    done = subprocess.run(
        [NODE, str(path)], input=json.dumps(given), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def numbers(values) -> np.ndarray:
    """Nested lists with "Infinity" and "NaN" in them as an array."""
    return np.array(values, dtype=object).astype(float)
