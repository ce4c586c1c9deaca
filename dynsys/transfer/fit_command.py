"""``dynsys transfer-function fit``: a cell's transfer function, from simulation to file."""

from __future__ import annotations

import argparse
from typing import Any

from dynsys.commands import check_figure, results_file
from dynsys.errors import ModelError
from dynsys.storage import write_atomically

_HELP = """\
Simulate a cell in the input of a network over a grid of rates and fit its transfer function.

  dynsys transfer-function fit RS --network CONFIG1 --out RS.json --plot RS.png
  dynsys transfer-function fit HH-FS --network CONFIG1-carlu --target i --coefficients 10

The file holds the coefficients with everything they depend on; load it with
dynsys.transfer.load_transfer_function and use it in a Circuit.
"""


def add_fit(subparsers: Any) -> None:
    """Add ``fit`` to ``dynsys transfer-function``."""
    parser = subparsers.add_parser(
        "fit", description=_HELP, help="fit a cell's transfer function to simulations",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("cell", metavar="CELL", help="name of the library, such as RS or HH-FS")
    parser.add_argument("--network", default="CONFIG1", help="whose synapses (default CONFIG1)")
    parser.add_argument("--target", default="e", help="population of the cell (default e)")
    parser.add_argument("--coefficients", type=int, default=11, choices=(10, 11, 31))
    parser.add_argument("--legacy-sigma", action="store_true",
                        help="the variance of the published code of 2018")  # fmt: skip
    parser.add_argument("--adaptation", action="store_true",
                        help="put the measured adaptation current into the mean")  # fmt: skip
    parser.add_argument("--points", nargs=2, type=int, default=(10, 10), metavar=("E", "I"),
                        help="excitatory and inhibitory rates (default 10 10)")  # fmt: skip
    parser.add_argument("--duration", type=float, default=10.0, metavar="S",
                        help="seconds of each run (default 10)")  # fmt: skip
    parser.add_argument("--trials", type=int, default=4, help="runs at each point (default 4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out",
        type=results_file,
        default=argparse.SUPPRESS,  # said before `fit`, it counts
        help="write the transfer function to this .json file",
    )
    parser.add_argument(
        "--grid", type=results_file, help="write the simulated grid to this .nc file"
    )
    parser.add_argument("--plot", type=results_file, default=argparse.SUPPRESS, metavar="FIGURE",
                        help="draw rates and fit (.png, .svg, .pdf)")  # fmt: skip
    parser.set_defaults(run=run_fit)


def run_fit(chosen: argparse.Namespace) -> None:
    """Simulate, fit, report, save."""
    # Here, since the command line's help should not wait for it.
    from dynsys.cells import find_cell
    from dynsys.netcdf import fill_draft
    from dynsys.transfer.fit_drawing import draw_fit
    from dynsys.transfer.fitted import save_transfer_function
    from dynsys.transfer.fitting import fit_transfer_function
    from dynsys.transfer.grids import GridSettings, rate_grid

    check_figure(chosen.plot)
    _check_unused(chosen)
    cell = find_cell(chosen.cell)
    settings = GridSettings(
        excitation=chosen.points[0], inhibition=chosen.points[1], trials=chosen.trials,
        duration=1000.0 * chosen.duration,
    )  # fmt: skip
    grid = rate_grid(cell, chosen.network, chosen.target, settings, chosen.seed)
    fit = fit_transfer_function(
        cell, grid, f"{chosen.cell}-{chosen.network}", coefficients=chosen.coefficients,
        legacy_sigma=chosen.legacy_sigma, adaptation=chosen.adaptation,
    )  # fmt: skip
    print(fit)
    if chosen.grid is not None:
        path = write_atomically(chosen.grid, lambda draft: fill_draft(draft, fit.grid))
        print(f"wrote {path}")
    if chosen.out is not None:
        print(f"wrote {save_transfer_function(fit, chosen.out.with_suffix('.json'))}")
    if chosen.plot is not None:
        figure = draw_fit(fit).figure
        path = write_atomically(chosen.plot, lambda draft: figure.savefig(draft, dpi=160))
        print(f"wrote {path}")


def _check_unused(chosen: argparse.Namespace) -> None:
    """ModelError for what was said before ``fit``: it is of another neuron."""
    # Here, since the command line's help should not wait for it.
    from dynsys.transfer import EIFNeuron

    default = EIFNeuron()
    names = EIFNeuron.parameter_names()
    given = [name for name in names if getattr(chosen, name) != getattr(default, name)]
    given += ["at"] if chosen.at else []
    if given:
        raise ModelError(
            f"--{', --'.join(given)} cannot act on fit, whose cell has values of its own; leave "
            "it out"
        )
