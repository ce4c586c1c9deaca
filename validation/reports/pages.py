"""The validation report's HTML: one page, no other file, good on screen, on paper and offline."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    UNTESTED,
    VERDICTS,
    Finding,
)

SYMBOLS = {AGREE: "✓", DIFFER: "✗", EXPLAINED: "≈", UNDECIDED: "?", UNTESTED: "–"}
_UNBROKEN = 30  # letters of a number with its unit and error
_STYLE = """
:root { --ink: #222; --line: #ddd; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 68rem;
       margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.55rem; margin-bottom: 0.2rem; }
h2 { font-size: 1.2rem; margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
.lead { font-size: 1.05rem; max-width: 52rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 0.7rem; margin: 1rem 0; }
.tile { border: 1px solid var(--line); border-radius: 6px; padding: 0.45rem 0.9rem; }
.tile b { font-size: 1.4rem; margin-right: 0.4rem; }
figure { margin: 0.8rem 0 1.4rem; } figcaption { font-size: 0.85rem; color: #555; }
img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.83rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.22rem 0.6rem 0.22rem 0;
         border-bottom: 1px solid var(--line); }
td.number { white-space: nowrap; } th { font-weight: 600; }
td.why { color: #555; min-width: 20rem; }
.agree { color: #2e7d4f; } .differ { color: #b3261e; } .undecided { color: #a66a00; }
.explained { color: #6a4fa3; }
.untested { color: #666; }
dt { font-weight: 600; } dd { margin: 0 0 0.4rem 1rem; max-width: 52rem; }
td.verdict { font-weight: 600; white-space: nowrap; }
pre { background: #f6f6f4; padding: 0.8rem; overflow-x: auto; font-size: 0.78rem;
      white-space: pre-wrap; overflow-wrap: anywhere; }
@media screen and (max-width: 640px) {
  table, tbody, tr, td { display: block; width: auto; } tr:first-child { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  td { border: 0; padding: 0.05rem 0; } td:empty { display: none; }
  td.number, td.verdict { white-space: normal; }
  td[data-name]::before { content: attr(data-name) ": "; color: #777; }
  figure.wide { overflow-x: auto; } figure.wide img { max-width: none; width: 44rem !important; }
  figure.wide figcaption::before { content: "↔ slides sideways. "; }
  figure.wide figcaption { position: sticky; left: 0; max-width: calc(100vw - 2rem); }
}
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; }
  h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  table { font-size: 7pt; table-layout: fixed; } pre { font-size: 7pt; }
  .scroll { overflow: visible; } td.why { min-width: 0; }
  th { width: 9%; } th:first-child { width: 11%; } th:nth-child(2) { width: 14%; }
  th:nth-child(7) { width: 7%; } th:last-child { width: 32%; }
  td, td.number, td.verdict { white-space: normal; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
}
"""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>"
    )


def heading(text: str) -> str:
    """A section's heading."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{html.escape(text)}</p>"


def link(target: str, text: str) -> str:
    """A link to a file in the same folder."""
    return f'<p><a href="{html.escape(target)}">{html.escape(text)}</a></p>'


def definitions(words: Mapping[str, str]) -> str:
    """Words and what they mean."""
    rows = (f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in words.items())
    return f"<dl>{''.join(rows)}</dl>"


def preformatted(text: str) -> str:
    """Text as it is."""
    return f"<pre>{html.escape(text)}</pre>"


def figure(drawn: Any, caption: str, width: str = "100%") -> str:
    """A figure (or axes) as an embedded picture with its caption."""
    buffer = io.BytesIO()
    getattr(drawn, "figure", drawn).savefig(buffer, format="png", dpi=130)
    image = base64.b64encode(buffer.getvalue()).decode()
    text = html.escape(caption)
    wide = ' class="wide"' if width == "100%" else ""
    return (
        f'<figure{wide}><img style="width:{width}" alt="{text}" '
        f'src="data:image/png;base64,{image}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def tiles(findings: Sequence[Finding]) -> str:
    """How many findings of each verdict."""
    shown = []
    for verdict in reversed(VERDICTS):
        count = sum(f.verdict == verdict for f in findings)
        name = _word(verdict)
        shown.append(f'<div class="tile {name}"><b>{SYMBOLS[verdict]} {count}</b>{verdict}</div>')
    return f'<div class="tiles">{"".join(shown)}</div>'


def table(findings: Sequence[Finding]) -> str:
    """One row per finding: failures first, then as tested."""
    if not findings:
        return paragraph("None.")
    ordered = sorted(findings, key=lambda f: VERDICTS.index(f.verdict))
    names = ("verdict", "prediction", "measure", "mean field", "network", "spread", "z", "why")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = [
        f'<tr><td class="verdict {_word(f.verdict)}">{SYMBOLS[f.verdict]} {f.verdict}</td>'
        f"<td>{html.escape(f.claim)}</td>"
        f'<td data-name="measure">{html.escape(f.quantity)}</td>'
        + _cell("mean field", f.predicted)
        + _cell("network", f.network)
        + _cell("spread", f.spread)
        + _cell("z", "" if math.isnan(f.z) else f"{f.z:+.1f}")
        + f'<td class="why">{html.escape(f.reason)}</td></tr>'
        for f in ordered
    ]
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _cell(name: str, text: str) -> str:
    """A number, which is not broken over lines; words in its place are."""
    kind = ' class="number"' if len(text) <= _UNBROKEN else ""
    return f'<td{kind} data-name="{name}">{html.escape(text)}</td>'


def _word(verdict: str) -> str:
    return "untested" if verdict == UNTESTED else verdict
