"""``dynsys transfer-function``: transfer functions of a neuron from the command line."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from dynsys.commands import check_figure
from dynsys.storage import write_atomically
from dynsys.transfer.fit_command import add_fit
from dynsys.transfer.neuron import EIFNeuron

_HELP = """\
Solve the Fokker-Planck equation of the exponential integrate-and-fire neuron over a grid of inputs.

A population of such neurons in noisy input (mean mu, noise sigma) fires at a steady rate with a
mean voltage, and follows changes of mu and sigma like a low-pass filter with time constants tau_mu
and tau_sigma. Mean-field models read these four from a table; tau_sigma 0 means that more noise
slows firing there, so that no filter fits.

  dynsys transfer-function                          values of the default neuron at a few inputs
  dynsys transfer-function --at 1.3 1.5 --at 1.3 2.5
  dynsys transfer-function --DeltaT 2.5 --out table.npz --plot table.png
  dynsys transfer-function --out FILE               makes the table that ships with the package
  dynsys transfer-function fit RS --network CONFIG1 fits a cell with conductance synapses
"""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "transfer-function", description=_HELP, help="transfer functions of a neuron",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    units = {"C": "pF", "gL": "nS", "Tref": "ms"}
    for field in fields(EIFNeuron):
        parser.add_argument(
            f"--{field.name}", type=float, default=field.default, metavar="X",
            help=f"{units.get(field.name, 'mV')}, default {field.default:g}",
        )  # fmt: skip
    parser.add_argument("--out", type=Path, help="compute the whole table into this .npz file")
    parser.add_argument("--plot", type=Path, metavar="FIGURE",
                        help="draw the whole table (.png, .svg, .pdf)")  # fmt: skip
    parser.add_argument("--at", nargs=2, type=float, action="append", metavar=("MU", "SIGMA"),
                        help="an input in mV/ms and mV/sqrt(ms) (repeat for several)")  # fmt: skip
    parser.set_defaults(run=run)
    add_fit(parser.add_subparsers(metavar="[fit]"))


def run(chosen: argparse.Namespace) -> None:
    """Print rate, voltage and filter time constants; write the table where asked."""
    # Here, since the command line's help should not wait for it.
    from dynsys.transfer import (
        EIFNeuron,
        filter_time_constants,
        save_table,
        steady_state,
        transfer_table,
    )
    from dynsys.transfer.drawing import draw_table

    check_figure(chosen.plot)
    neuron = EIFNeuron(**{k: getattr(chosen, k) for k in EIFNeuron.parameter_names()})
    print("mu (mV/ms)  sigma (mV/sqrt(ms))  rate (Hz)     <V> (mV)  tau_mu (ms)  tau_sigma (ms)")
    for mu, sigma in chosen.at or [(0.0, 1.5), (0.5, 1.5), (1.0, 1.5), (2.0, 1.5), (2.0, 3.0)]:
        rate, voltage = steady_state(neuron, mu, sigma)
        tau_mu, tau_sigma = filter_time_constants(neuron, mu, sigma)
        print(f"{mu:<10g}  {sigma:<19g}  {1000 * rate:<12.6g}  {voltage:<8.4f}  {tau_mu:<11.4f}  "
              f"{tau_sigma:.4f}")  # fmt: skip
    if chosen.out is None and chosen.plot is None:
        return
    table = transfer_table(neuron)
    if chosen.out is not None:
        path = chosen.out if chosen.out.suffix == ".npz" else chosen.out.with_suffix(".npz")
        print(f"wrote {save_table(table, path)}")
    if chosen.plot is not None:
        figure = draw_table(table)
        path = write_atomically(chosen.plot, lambda draft: figure.savefig(draft, dpi=160))
        print(f"wrote {path}")
