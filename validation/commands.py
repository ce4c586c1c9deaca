"""``dynsys network`` and ``dynsys validate``."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from continuation.followed import axis_of
from continuation.report import write_table
from dynsys.commands import add_command, check_varied, model_from
from dynsys.errors import ModelError
from dynsys.storage import write_atomically

_NETWORK = """\
Run the network of neurons behind a mean field, from the same parameters. Writes run.nc and run.png.
It runs in our own kernel, the fastest engine, verified against Brian2, which is the independent
check (--engine cpp_standalone).

  dynsys network aln --set mu_e=1.3 --set mu_i=0.5 --duration 4000 --out run
  dynsys network master_equation --option circuit=divolo2019 --set E_L_e=-63 --set a=0 \\
      --neurons 4000 --duration 2000 --out run
  dynsys network aln --wiring published --set mu_e=1.6 --set mu_i=0.3 --duration 3000 \\
      --engine cpp_standalone --out run
"""
_VALIDATE = """\
Test a mean field's bifurcation diagram by networks of neurons: regimes, boundaries, stimuli. Prints
the tests and their cost, runs them, writes report.html, findings.csv and validation.nc. An
interrupted command continues where it was when it is given again.

The model is aln, master_equation or montbrio_pazo_roxin; see validation.networks.own for others.

  dynsys validate aln --x mu_e 0 3 --y mu_i 0 3 --neurons 4000 --budget 30 --out report
"""


def add_network(subparsers: Any) -> None:
    """Add ``dynsys network``."""
    parser = add_command(subparsers, "network", "run the network behind a mean field", _NETWORK)
    parser.add_argument("--duration", type=float, required=True, help="in ms")
    parser.add_argument("--settle", type=float, default=0.0, help="unrecorded time before, in ms")
    _network_arguments(parser, 10_000)
    parser.set_defaults(run=run_network)


def add_validate(subparsers: Any) -> None:
    """Add ``dynsys validate``."""
    parser = add_command(subparsers, "validate", "test a diagram by networks of neurons", _VALIDATE)
    for axis in ("x", "y"):
        parser.add_argument(
            f"--{axis}", nargs=3, metavar=("NAME", "LOW", "HIGH"),
            help=f"parameter of the {'horizontal' if axis == 'x' else 'vertical'} axis, its span",
        )  # fmt: skip
    parser.add_argument("--diagram", type=Path, help="a diagram.nc of `dynsys diagram` instead")
    parser.add_argument("--budget", type=float, default=30.0,
                        help="minutes of tests, then of explanations (30)")  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="print the tests and their cost only"
    )
    parser.add_argument("--scheduler", help="address of a Dask scheduler, as tcp://host:8786")
    parser.add_argument("--workers", type=int, help="processes of this machine; all cores")
    _network_arguments(parser, 4_000)
    parser.set_defaults(run=run_validate)


def _network_arguments(parser: argparse.ArgumentParser, neurons: int) -> None:
    parser.add_argument("--neurons", type=int, default=neurons, help=f"per population ({neurons})")
    parser.add_argument("--dt", type=float, help="time step in ms (0.1; 0.05 for QIF neurons)")
    parser.add_argument("--seed", type=int, default=1, help="of noise and initial states (1)")
    parser.add_argument(
        "--engine", choices=("kernel", "cpp_standalone", "cython", "numpy", "brian2"),
        help="the toolbox's own kernel, the fastest (the default where it knows the neurons), or "
        "Brian2, the independent check: cpp_standalone, cython and numpy for aln, numpy and "
        "cython for montbrio_pazo_roxin, brian2 for master_equation",
    )  # fmt: skip


def _options(chosen: argparse.Namespace) -> dict[str, Any]:
    """What was said about the network."""
    given = {"dt": chosen.dt, "engine": chosen.engine}
    return {name: value for name, value in given.items() if value is not None}


def run_network(chosen: argparse.Namespace) -> None:
    """Run once, print the measures, draw, write."""
    # Here, since the command line's help should not wait for it.
    from dynsys.netcdf import fill_draft
    from validation.measures.rates import dominant_frequency, mean_rate, peak_rate
    from validation.measures.spike import irregularity
    from validation.networks import network_of
    from validation.reports.figures import draw_run

    network = network_of(model_from(chosen), chosen.neurons, **_options(chosen))
    begun = time.perf_counter()
    run = network.run(chosen.duration, seed=chosen.seed, settle=chosen.settle)
    seconds = float(run.attrs.get("run_seconds", time.perf_counter() - begun))
    biological = (chosen.duration + chosen.settle) / 1000
    print(
        f"{run.attrs['model']}, {network.wired}, {network.size}, {run.attrs['engine']}: "
        f"{seconds:.1f} s, {seconds / biological:.2f} s per biological second"
    )
    for name in network.rates:
        print(f"  {name}: mean {mean_rate(run, name)}, peaks {peak_rate(run, name)}")
    print(f"  frequency of {network.rates[0]}: {dominant_frequency(run, network.rates[0])}")
    for name in sorted(str(k)[11:] for k in run if str(k).startswith("spike_time_")):
        print(f"  CV of the intervals of {name}: {irregularity(run, name)}")
    figure = draw_run(run, network.rates)
    files = [write_atomically(chosen.out / "run.nc", lambda draft: fill_draft(draft, run))]
    files.append(
        write_atomically(chosen.out / "run.png", lambda draft: figure.savefig(draft, dpi=140))
    )
    print("wrote " + ", ".join(map(str, files)))


def run_validate(chosen: argparse.Namespace) -> None:
    """Diagram, plan, runs, report."""
    _check_places(chosen)
    if chosen.diagram is not None:
        _check_unused(chosen)
    # Here, since the command line's help should not wait for it.
    from validation.reports.report import finding_rows, report
    from validation.trials.planning import plan

    diagram = _diagram(chosen)
    tests = plan(
        diagram, chosen.neurons, chosen.budget, seed=chosen.seed, workers=chosen.workers,
        **_options(chosen),
    )  # fmt: skip
    tests.made_by = "dynsys " + shlex.join(sys.argv[1:])
    if chosen.dry_run:
        print(tests)
        return
    outcome = report(tests, chosen.out, chosen.scheduler)
    print(f"wrote {write_table(finding_rows(outcome.findings), chosen.out / 'findings.csv')}")


def _check_unused(chosen: argparse.Namespace) -> None:
    """ModelError for what cannot act, since the diagram's file says it already."""
    given = {
        "--set": chosen.values, "--set-file": chosen.set_file, "--option": chosen.options,
        "--wiring": chosen.wiring, "--time-unit": chosen.time_unit, "--x": chosen.x,
        "--y": chosen.y,
    }  # fmt: skip
    unused = [name for name, value in given.items() if value]
    if unused:
        raise ModelError(
            f"{', '.join(unused)} cannot act together with --diagram: the model, its values and "
            "axes are those of the file. Leave out one or the other"
        )


def _check_places(chosen: argparse.Namespace) -> None:
    """ModelError for a scheduler together with processes of this machine, or without runs."""
    if chosen.scheduler is not None and chosen.dry_run:
        raise ModelError("--scheduler cannot act with --dry-run, which makes no runs")
    if chosen.scheduler is not None and chosen.workers is not None:
        raise ModelError(
            "--workers counts processes of this machine and cannot act with --scheduler; leave "
            "out one of them"
        )


def _diagram(chosen: argparse.Namespace) -> Any:
    """The diagram of a file, of an earlier call in the same directory, or computed now."""
    # Here, since the command line's help should not wait for it.
    from continuation import bifurcation_diagram, load
    from continuation.diagrams.diagram import Diagram

    if chosen.diagram is not None:
        diagram = load(chosen.diagram)
        if not isinstance(diagram, Diagram):
            raise ModelError(f"{chosen.diagram} holds a {type(diagram).__name__}, not a diagram")
        named = model_from(chosen).name
        if named != diagram.model.name:
            raise ModelError(
                f"{chosen.diagram} is a diagram of {diagram.model.name}, not of {named}"
            )
        return diagram
    model = model_from(chosen)
    if chosen.x is None or chosen.y is None:
        raise ModelError("give --x NAME LOW HIGH and --y NAME LOW HIGH, or --diagram FILE")
    x, y = axis_of(chosen.x), axis_of(chosen.y)
    check_varied(chosen, x[0], y[0])
    kept = chosen.out / "diagram.nc"
    if kept.exists():
        diagram = load(kept)
        same = isinstance(diagram, Diagram) and (diagram.x, diagram.y) == (x, y)
        if (
            same
            and diagram.model.parameters == model.parameters
            and (diagram.model.source == model.source)
        ):
            return diagram
    diagram = bifurcation_diagram(model, x=x, y=y, progress=True)
    diagram.save(kept)
    return diagram
