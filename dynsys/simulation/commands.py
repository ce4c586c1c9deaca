"""``dynsys simulate``: a model over time, from its name to figure and data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dynsys.commands import add_command, model_from
from dynsys.storage import write_atomically

_ABOUT = """\
Integrate a model over time, its delays exact. Writes run.nc, run.png and run.svg.

  dynsys simulate aln --set mu_e=1.3 --duration 1000 --settle 1000 --out run
  dynsys simulate aln --set mu_e=1.3 --duration 1000 --published --out run
"""


def add(subparsers: Any) -> None:
    """Add ``dynsys simulate``."""
    parser = add_command(subparsers, "simulate", "a model over time", _ABOUT)
    add_run_arguments(parser)
    parser.set_defaults(run=run)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """How long, how, and what to record."""
    parser.add_argument(
        "--duration",
        type=float,
        help="in the model's time unit (ms); an .ode file may say it itself (total)",
    )
    parser.add_argument(
        "--settle", type=float, help="unrecorded time before (0; trans of an .ode file)"
    )
    parser.add_argument("--record", nargs="+", help="observables or states; observables by default")
    parser.add_argument("--dt", type=float, help="fixed steps (Runge-Kutta); adaptive by default")
    parser.add_argument(
        "--published", action="store_true", help="the published stepper: Euler, bilinear tables"
    )


def run(chosen: argparse.Namespace) -> None:
    """Simulate, draw, write."""
    # Here, since the command line's help should not wait for it.
    from dynsys.simulation import simulate

    result = simulate(model_from(chosen), chosen.duration, **run_options(chosen))
    write_run(result, chosen.out)


def run_options(chosen: argparse.Namespace) -> dict[str, Any]:
    """The arguments of ``simulate`` that a command line gives."""
    return {
        "settle": chosen.settle,
        "record": chosen.record,
        "dt": chosen.dt,
        "discretisation": "published" if chosen.published else None,
    }


def write_run(result: Any, out: Path, stimulus: Any = None) -> None:
    """Print what a run did and write run.nc, run.png and run.svg."""
    # Here, since the command line's help should not wait for it.
    from dynsys.netcdf import fill_draft
    from dynsys.simulation.drawing import draw_run

    unit = result["time"].attrs["units"]
    print(
        f"{result.attrs['model']}: {result['status'].item()} at {result['reached'].item():g} {unit}"
    )
    for name, values in result.data_vars.items():
        if values.dims == ("time",) and (known := values.dropna("time")).size:
            print(
                f"  {name}: {float(known.min()):.6g} to {float(known.max()):.6g}, at the end "
                f"{float(known[-1]):.6g} {values.attrs['units']}"
            )
    figure = draw_run(result, stimulus=stimulus)
    files = [write_atomically(out / "run.nc", lambda draft: fill_draft(draft, result))]
    for name in ("run.png", "run.svg"):
        files.append(write_atomically(out / name, lambda draft: figure.savefig(draft, dpi=160)))
    print("wrote " + ", ".join(map(str, files)))
