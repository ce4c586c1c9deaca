"""``dynsys export``: a model as files for other tools."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynsys.commands import add_command, model_from
from dynsys.errors import ModelError

_ABOUT = """\
Write a model as files for another tool.

  dynsys export morris_lecar --to auto --parameter I 0 250 --out auto_job
  dynsys export aln --set a=15 --to xppaut --out xpp
  dynsys export hodgkin_huxley --to latex --out paper

auto: NAME.c (exact derivatives), c.NAME, NAME.auto; cd there and type: auto NAME.auto
xppaut: NAME.ode, and NAME.c to compile where the model has tables
pydstool: NAME.py, which makes the Generator `ode`
latex: NAME.tex, equations and parameters
"""


def add_export(subparsers: Any) -> None:
    """Add ``dynsys export``."""
    purpose = "write a model for AUTO-07p, XPPAUT, PyDSTool or LaTeX"
    parser = add_command(subparsers, "export", purpose, _ABOUT)
    parser.add_argument("--to", choices=tuple(_WRITERS), required=True, help="the other tool")
    parser.add_argument(
        "--parameter", nargs=3, metavar=("NAME", "LOW", "HIGH"),
        help="auto: the free parameter and its span",
    )  # fmt: skip
    parser.set_defaults(run=run_export)


def run_export(chosen: argparse.Namespace) -> None:
    """Write the files and name them."""
    if chosen.parameter is not None and chosen.to != "auto":
        raise ModelError(f"--parameter belongs to --to auto; {chosen.to} files hold all parameters")
    for path in _WRITERS[chosen.to](model_from(chosen), chosen):
        print(path)


def _auto(model: Any, chosen: argparse.Namespace) -> list[Path]:
    if chosen.parameter is None:
        return model.to_auto(chosen.out)
    name, low, high = chosen.parameter
    try:
        span = float(low), float(high)
    except ValueError:
        raise ModelError(f"--parameter {name} {low} {high}: give two numbers") from None
    return model.to_auto(chosen.out, name, span)


def _xppaut(model: Any, chosen: argparse.Namespace) -> list[Path]:
    return model.to_xppaut(chosen.out / f"{model.name}.ode")


def _pydstool(model: Any, chosen: argparse.Namespace) -> list[Path]:
    # Here, since the command line's help should not wait for it.
    from dynsys.exchange.pydstool_specification import write_script

    return [write_script(model, chosen.out / f"{model.name}.py")]


def _latex(model: Any, chosen: argparse.Namespace) -> list[Path]:
    path = chosen.out / f"{model.name}.tex"
    model.to_latex(path)
    return [path]


_WRITERS: dict[str, Callable[[Any, argparse.Namespace], list[Path]]] = {
    "auto": _auto,
    "xppaut": _xppaut,
    "pydstool": _pydstool,
    "latex": _latex,
}
