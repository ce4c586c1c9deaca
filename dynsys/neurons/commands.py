"""``dynsys neuron``: a spiking neuron's pattern, rate curve and onset, with figures."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from dynsys.commands import assigned_values, results_directory
from dynsys.errors import ModelError
from dynsys.storage import write_atomically

_ABOUT = """\
What an AdEx neuron does, from the row of the pattern table to the figures.

  dynsys neuron pattern irregular --set Vr=-47 --out run    firing pattern, its reason, its map
  dynsys neuron rate bursting --span 0 130 --out run        rate over current, by continuation
  dynsys neuron onset transient --out run                   where rest ends; the transient window
"""
_WHAT = ("pattern", "rate", "onset")


def add(subparsers: Any) -> None:
    """Add ``dynsys neuron``."""
    parser = subparsers.add_parser(
        "neuron", help="firing pattern, rate curve and onset of a spiking neuron",
        description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("what", choices=_WHAT, metavar="WHAT", help=", ".join(_WHAT))
    parser.add_argument(
        "row", metavar="ROW",
        help="tonic, adapting, initial_burst, bursting, irregular, transient or delayed",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="values",
        help="a parameter value (repeat for several), for instance I=65",
    )  # fmt: skip
    parser.add_argument("--holding", type=float, help="pA before the step (5)")
    parser.add_argument(
        "--span", nargs=2, type=float, metavar=("LOW", "HIGH"),
        help="currents of the rate curve in pA (0 130)",
    )  # fmt: skip
    parser.add_argument("--out", type=results_directory, required=True, help="where results go")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    """Compute, print, draw, write."""
    # Here, since the command line's help should not wait for it.
    from dynsys.models import adex_neuron

    values: dict[str, Any] = assigned_values(chosen.values)
    if chosen.span is not None and chosen.what != "rate":
        raise ModelError(f"--span is that of a rate curve and cannot act on `{chosen.what}`")
    if chosen.holding is not None and chosen.what == "rate":
        raise ModelError("--holding precedes a step of current and cannot act on `rate`")
    chosen.holding = 5.0 if chosen.holding is None else chosen.holding
    neuron = adex_neuron(chosen.row, **values)
    print(neuron)
    files = {"pattern": _pattern, "rate": _rate, "onset": _onset}[chosen.what](neuron, chosen)
    print("wrote " + ", ".join(str(f) for f in files))


def _pattern(neuron: Any, chosen: argparse.Namespace) -> list[Path]:
    # Here, since the command line's help should not wait for it.
    from dynsys.neurons.drawing import draw_map, draw_response

    found = neuron.firing_pattern(holding=chosen.holding)
    print(found)
    duration = 300.0 if found.orbit is None else max(300.0, 3 * found.orbit.period)
    response = draw_response(neuron, found.current, duration, chosen.holding)
    start = neuron.rest(chosen.holding)
    figures = {"response": response[0], "map": draw_map(neuron.adaptation_map(), start=start)}
    if found.orbit is not None:
        # Here, since the command line's help should not wait for it.
        from dynsys.drawing import draw_phase_response

        figures["phase_response"] = draw_phase_response(found.orbit.phase_response())
    return _saved(figures, chosen.out)


def _rate(neuron: Any, chosen: argparse.Namespace) -> list[Path]:
    # Here, since the command line's help should not wait for it.
    from dynsys.netcdf import fill_draft
    from dynsys.neurons.drawing import draw_rate_curve

    curve = neuron.rate_curve(span=tuple(chosen.span or (0.0, 130.0)))
    print(f"firing from {curve.attrs['onset']:.6g} pA on: {curve.attrs['ended']}")
    rows = zip(curve["special_I"].values, curve["meaning"].values, strict=True)
    for current, meaning in sorted(rows):
        print(f"  {current:10.6g} pA  {meaning}")
    data = write_atomically(chosen.out / "rate.nc", lambda draft: fill_draft(draft, curve))
    return [data, *_saved({"rate": draw_rate_curve(curve)}, chosen.out)]


def _onset(neuron: Any, chosen: argparse.Namespace) -> list[Path]:
    # Here, since the command line's help should not wait for it.
    from dynsys.neurons.drawing import draw_phase_plane

    found = neuron.onset()
    print(found)
    if found.branch is None:
        return _saved({"phase_plane": draw_phase_plane(neuron)}, chosen.out)
    print(f"step rheobase from {chosen.holding:g} pA: {neuron.rheobase(chosen.holding):.6g} pA")
    print(neuron.transient_window(chosen.holding))
    figures = {"equilibria": found.branch.plot("V"), "phase_plane": draw_phase_plane(neuron)}
    return _saved(figures, chosen.out)


def _saved(figures: dict[str, Any], out: Path) -> list[Path]:
    files = []
    for name, ax in figures.items():
        for kind in ("png", "svg"):
            path = out / f"{name}.{kind}"
            files.append(write_atomically(path, partial(ax.figure.savefig, dpi=160)))
    return files
