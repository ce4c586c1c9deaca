"""``dynsys stimulate`` and ``dynsys tongue``."""

from __future__ import annotations

import argparse
from functools import reduce
from operator import add as plus
from typing import Any

from dynsys.commands import add_command, model_from
from dynsys.errors import ModelError
from dynsys.simulation.commands import add_run_arguments, run_options, write_run
from dynsys.storage import write_atomically

_STIMULATE = """\
Drive one input of a model with steps, pulses and sines (added up) and integrate it. Amplitudes
carry units: pA, mV/ms, or V/m along a dendrite whose length is stated, or through a cell from an
SWC file. Writes run.nc, .png, .svg.

  dynsys stimulate aln --set mu_e=1.3 --input mu_e --step "40 pA" 1000 2000 \\
      --duration 3000 --out run
  dynsys stimulate aln --set mu_e=1.3 --input mu_e --sine "1 V/m" 22 --dendrite 1200 \\
      --duration 3000 --out run
"""
_TONGUE = """\
The frequencies at which a sine on one input locks the model's rhythm, for each amplitude: to first
order from the phase response, or by simulation. Writes tongue.nc, tongue.png and .svg.

  dynsys tongue aln --set mu_e=1.3 --input mu_e --amplitude "1 pA" "4 pA" --out tongue
  dynsys tongue aln --set mu_e=1.3 --input mu_e --amplitude "4 pA" --simulate --out tongue
"""


def add_stimulate(subparsers: Any) -> None:
    """Add ``dynsys stimulate``."""
    parser = add_command(subparsers, "stimulate", "drive an input of a model", _STIMULATE)
    _add_input(parser)
    add_run_arguments(parser)
    for name, words, text in (
        ("step", ("AMPLITUDE", "START", "STOP"), "constant between two times"),
        ("sine", ("AMPLITUDE", "FREQUENCY"), "zero-to-peak amplitude, Hz"),
    ):
        parser.add_argument(
            f"--{name}", nargs=len(words), action="append", default=[], metavar=words,
            help=f"{text} (repeat for several)",
        )  # fmt: skip
    parser.add_argument("--dendrite", type=float, help="length in um, for amplitudes in V/m")
    parser.add_argument("--morphology", help="an SWC file in the place of the dendrite")
    parser.add_argument(
        "--direction", nargs=3, type=float, metavar=("X", "Y", "Z"),
        help="of the field in the cell of --morphology; x by default",
    )  # fmt: skip
    parser.set_defaults(run=run_stimulate)


def add_tongue(subparsers: Any) -> None:
    """Add ``dynsys tongue``."""
    parser = add_command(subparsers, "tongue", "Arnold tongue of a rhythm", _TONGUE)
    _add_input(parser)
    parser.add_argument("--amplitude", nargs="+", required=True, help="with units, zero to peak")
    parser.add_argument("--ratio", default="1:1", help="response to stimulus cycles (1:1)")
    parser.add_argument("--simulate", action="store_true", help="instead of the phase response")
    parser.add_argument("--published", action="store_true", help="with the published stepper")
    parser.set_defaults(run=run_tongue)


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", required=True, help="the parameter the stimulus is added to")


def run_stimulate(chosen: argparse.Namespace) -> None:
    """Simulate with the stimulus, draw, write."""
    # Here, since the command line's help should not wait for it.
    from dynsys.simulation import simulate

    model = model_from(chosen)
    waveform = _waveform(chosen)
    result = simulate(
        model, chosen.duration, inputs={chosen.input: waveform}, **run_options(chosen)
    )
    values = waveform.values(result["time"].values, model.frequency_factor)
    write_run(result, chosen.out, (f"{chosen.input} ({waveform.unit})", values))


def _waveform(chosen: argparse.Namespace) -> Any:
    # Here, since the command line's help should not wait for it.
    from stimulation.waveforms.shapes import Sine, Step

    parts: list[Any] = [Step(a, *_numbers("step", *t)) for a, *t in chosen.step]
    parts += [Sine(a, frequency=_numbers("sine", f)[0]) for a, f in chosen.sine]
    if not parts:
        raise ModelError(
            "give a stimulus: --step AMPLITUDE START STOP or --sine AMPLITUDE FREQUENCY"
        )
    if any(part.unit == "V/m" for part in parts):
        field = _field(chosen)
        parts = [field.through(part) if part.unit == "V/m" else part for part in parts]
    else:
        for name in ("dendrite", "morphology", "direction"):
            if getattr(chosen, name) is not None:
                raise ModelError(
                    f"--{name} cannot act: no amplitude is in V/m; give one, or leave it out"
                )
    return reduce(plus, parts)


def _field(chosen: argparse.Namespace) -> Any:
    """What a field acts through: a dendrite of a stated length, or a cell from a file."""
    # Here, since the command line's help should not wait for it.
    from dynsys.cells.morphology import read_swc
    from stimulation.waveforms.electric_field import ElectricField

    if (chosen.dendrite is None) == (chosen.morphology is None):
        raise ModelError(
            "a field acts through a dendrite: state its length in um, as in --dendrite 1200, or "
            "give a cell, as in --morphology cell.swc; one of the two"
        )
    if chosen.morphology is None:
        if chosen.direction is not None:
            raise ModelError("--direction cannot act without --morphology: a dendrite has one")
        return ElectricField(chosen.dendrite)
    direction = tuple(chosen.direction or (1.0, 0.0, 0.0))
    return ElectricField(morphology=read_swc(chosen.morphology), direction=direction)


def _numbers(name: str, *words: str) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError:
        raise ModelError(f"--{name} takes an amplitude, then numbers; got {words}") from None


def run_tongue(chosen: argparse.Namespace) -> None:
    """Compute the tongue, print, draw, write."""
    # Here, since the command line's help should not wait for it.
    from continuation.drawing import save_figure
    from dynsys.netcdf import fill_draft
    from stimulation.entrainment.tongues import arnold_tongue

    if chosen.published and not chosen.simulate:
        raise ModelError(
            "--published chooses how to integrate and cannot act on a phase response; add "
            "--simulate, or leave it out"
        )
    words = chosen.ratio.split(":")
    if len(words) != 2 or not all(word.isdigit() for word in words):
        raise ModelError(f"--ratio {chosen.ratio} is no ratio; write for instance 1:2")
    options: dict[str, Any] = {"discretisation": "published"} if chosen.published else {}
    tongue = arnold_tongue(
        model_from(chosen), chosen.input, (int(words[0]), int(words[1])), chosen.amplitude,
        method="simulation" if chosen.simulate else "phase response", **options,
    )  # fmt: skip
    print(tongue)
    files = save_figure(tongue.plot(), chosen.out / "tongue.png")
    files.append(
        write_atomically(chosen.out / "tongue.nc", lambda draft: fill_draft(draft, tongue.data))
    )
    print("wrote " + ", ".join(map(str, files)))
