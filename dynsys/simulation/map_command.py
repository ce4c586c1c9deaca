"""``dynsys map``: a plane of two parameters by brute force."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dynsys.commands import add_model_arguments, check_varied, model_from, results_directory
from dynsys.storage import write_atomically

_ABOUT = """\
Simulate every cell of a plane from a low and a high start: what oscillates, how fast, and where two
attractors coexist. Writes map.nc, map.png and map.svg. Interrupted, the same command goes on.

  dynsys map aln --x mu_e 0 3 61 --y mu_i 0 3 61 --out map
"""


def add_map(subparsers: Any) -> None:
    """Add ``dynsys map``."""
    parser = subparsers.add_parser(
        "map", help="a plane of two parameters by brute force", description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_model_arguments(parser)
    for axis in ("--x", "--y"):
        parser.add_argument(
            axis, nargs=4, required=True, metavar=("PARAMETER", "FROM", "TO", "NUMBER"),
            help="a parameter, its range and how many values",
        )  # fmt: skip
    parser.add_argument("--observable", help="what is measured")
    parser.add_argument("--duration", type=float, help="measured time, in the model's unit")
    parser.add_argument("--settle", type=float, help="time before")
    parser.add_argument("--dt", type=float, help="step (Heun's method)")
    parser.add_argument("--swing", type=float, help="the least range of an oscillation")
    parser.add_argument("--scheduler", help='a Dask scheduler, as tcp://host:8786, or "local"')
    parser.add_argument("--out", type=results_directory, required=True, help="where results go")
    parser.set_defaults(run=run_map)


def run_map(chosen: argparse.Namespace) -> None:
    """Simulate, print, draw, write."""
    # Here, since the command line's help should not wait for it.
    from dynsys.errors import ModelError
    from dynsys.simulation.regime_maps import regime_map

    axes: dict[str, Any] = {}
    for axis in ("x", "y"):
        name, low, high, count = getattr(chosen, axis)
        try:
            axes[axis] = (name, float(low), float(high), int(count))
        except ValueError:
            raise ModelError(
                f"{name} {low} {high} {count}: give a parameter, two numbers and a whole number"
            ) from None
    check_varied(chosen, axes["x"][0], axes["y"][0])
    out: Path = chosen.out
    chart = regime_map(
        model_from(chosen), **axes, observable=chosen.observable, duration=chosen.duration,
        settle=chosen.settle, dt=chosen.dt, swing=chosen.swing, out=out / "map.nc", progress=True,
        scheduler=chosen.scheduler,
    )  # fmt: skip
    print(chart)
    figure = chart.plot().figure
    files = [out / "map.nc"]
    for name in ("map.png", "map.svg"):
        files.append(write_atomically(out / name, lambda draft: figure.savefig(draft, dpi=160)))
    print("wrote " + ", ".join(map(str, files)))
