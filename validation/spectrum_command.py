"""``dynsys spectrum``: predicted spectra of a finite network, beside those of its simulation."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from continuation.report import write_table
from dynsys.commands import add_model_arguments, model_from, results_directory
from dynsys.errors import ModelError

_ABOUT = """\
Power spectra of the population rates of a finite network, from theory: renewal noise through the
exact closed loop of the asynchronous state (aln), or the master equation's own noise. With
--network the network of neurons runs too, and its spectrum stands beside. Writes spectrum.png,
.svg, .csv and .nc.

  dynsys spectrum aln --set mu_e=1.6 --set mu_i=0.5 --neurons 2000 --network --out spectrum
"""
_WHITE = (
    "The master equation knows rates over its time T: the white noise of single spikes, 2 r / N, "
    "is in the network's spectrum only, and is most of it above 1 / (2 pi T)."
)
_SHORTEST = 2000.0  # ms: two windows of a second
FREQUENCIES = (2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 120.0, 200.0)
_SETTLE = 1000.0  # ms


def add(subparsers: Any) -> None:
    """Add ``dynsys spectrum``."""
    parser = subparsers.add_parser(
        "spectrum", help="spectra of a finite network's rates, predicted and measured",
        description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_model_arguments(parser)
    parser.add_argument(
        "--near", type=float, metavar="HZ",
        help="where there are several equilibria: the one whose first rate is next to this",
    )  # fmt: skip
    parser.add_argument("--neurons", type=int, default=2000, help="per population (2000)")
    parser.add_argument(
        "--frequencies", type=float, nargs="+", default=list(FREQUENCIES), metavar="HZ",
        help="of the table",
    )  # fmt: skip
    parser.add_argument("--network", action="store_true", help="run the network too")
    parser.add_argument("--duration", type=float, help="of the network's run, ms (20000)")
    parser.add_argument("--seed", type=int, help="of the network's run (1)")
    parser.add_argument("--out", type=results_directory, required=True, help="where results go")
    parser.set_defaults(run=run_spectrum)


def run_spectrum(chosen: argparse.Namespace) -> None:
    """Compute, print and write the spectra."""
    if not chosen.network and (chosen.duration, chosen.seed) != (None, None):
        raise ModelError("--duration and --seed belong to the network's run; give --network too")
    if chosen.duration is not None and not chosen.duration >= _SHORTEST:
        raise ModelError(
            f"--duration is {chosen.duration:g} ms; a spectrum needs {_SHORTEST:g} ms or more"
        )
    # Here, since the command line's help should not wait for it.
    from continuation import rate_spectrum
    from continuation.drawing import save_figure
    from dynsys.models.master_equation_network import is_master_equation
    from validation.networks import network_of
    from validation.reports.spectra import draw_spectra

    model = model_from(chosen)
    state = _state(model, chosen.near)
    network = network_of(model, chosen.neurons) if chosen.network else None
    sizes = chosen.neurons if network is None else network.sizes
    found = rate_spectrum(model, sizes, chosen.frequencies, state)
    print(found.summary())
    measured = None if network is None else _measured(network, found.names, chosen)
    if network is not None and is_master_equation(model):
        print(_WHITE)
    rows = _rows(found, measured, chosen.frequencies)
    _print(rows)
    files = save_figure(draw_spectra(found, measured), chosen.out / "spectrum.png")
    files.append(write_table(rows, chosen.out / "spectrum.csv"))
    files.append(found.save(chosen.out / "spectrum.nc"))
    print("wrote " + ", ".join(map(str, files)))


def _state(model: Any, near: float | None) -> Any:
    """The equilibrium meant; None where there is one only. ModelError where it is not said."""
    # Here, since the command line's help should not wait for it.
    from continuation import find_equilibria

    states, name = find_equilibria(model), model.observable_names[0]
    rates = [float(model.observe(x)[name]) for x in states]
    if len(states) > 1 and near is None:
        several = ", ".join(f"{rate:.4g}" for rate in rates)
        raise ModelError(
            f"{model.name} has {len(states)} equilibria here ({name} = {several} Hz); say which by "
            "--near HZ. A run of the network itself begins in its low state"
        )
    if near is None or not rates:
        return None
    return states[min(range(len(rates)), key=lambda k: abs(rates[k] - near))]


def _measured(network: Any, names: Sequence[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """The densities of the network's rates, from one run."""
    # Here, since the command line's help should not wait for it.
    from validation.measures.rates import mean_rate
    from validation.measures.spectra import power_density

    seed = 1 if chosen.seed is None else chosen.seed
    duration = 20_000.0 if chosen.duration is None else chosen.duration
    begun = time.perf_counter()
    run = network.run(duration, seed=seed, settle=_SETTLE)
    rates = ", ".join(f"{name} {mean_rate(run, name, after=0.0)}" for name in names)
    print(
        f"network of {network.size}, {network.engine}, {duration / 1000:g} s, seed {seed}: "
        f"{time.perf_counter() - begun:.1f} s of computing; {rates}"
    )
    return {name: power_density(run, name, after=0.0) for name in names}


def _rows(found: Any, measured: Any, frequencies: Sequence[float]) -> list[dict[str, Any]]:
    # Here, since the command line's help should not wait for it.
    import numpy as np

    # For the same reason.
    from validation.measures.spectra import at_frequencies

    columns: dict[str, Any] = {"frequency_Hz": list(frequencies)}
    for name in found.names:
        columns[f"{name}_theory"] = found[name].values
        if measured is not None:
            near = at_frequencies(measured[name], np.array(frequencies))
            columns[f"{name}_network"] = near["power"].values
            columns[f"{name}_error"] = near["error"].values
    return [
        {k: float(v) for k, v in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]


def _print(rows: list[dict[str, Any]]) -> None:
    widths = {name: max(len(name), 9) for name in rows[0]}
    print("  ".join(f"{name:>{width}}" for name, width in widths.items()))
    for row in rows:
        print("  ".join(f"{row[name]:>{width}.4g}" for name, width in widths.items()))
