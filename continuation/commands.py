"""``dynsys equilibria`` and ``dynsys diagram``: from a model's name to figure, data and report."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from continuation.followed import asked, axis_of, followed
from continuation.report import write_report, write_table
from dynsys.activity import doing
from dynsys.commands import UNSURE, AxisWords, add_command, check_varied, model_from
from dynsys.errors import ConvergenceError, ModelError

_EQUILIBRIA = """\
Follow all equilibria across a span of one parameter; locate folds (LP), Hopf points (H), branch
points (BP) and edges of tables (B), with normal forms. Writes branch.png, .svg, .nc,
special_points.csv and report.html.

  dynsys equilibria aln --parameter mu_e 0 3 --set mu_i=0.5 --out run

Of an .ode file the AUTO options are defaults (parmin, parmax, ds, dsmin, dsmax, nmax; of cycles
ntst too):

  dynsys equilibria hh.ode --parameter i --out run
"""
_SPAN = "what is varied, and its span (parmin and parmax of an .ode file by default)"
_DIAGRAM = """\
Find every bifurcation curve of equilibria and cycles in a plane of two parameters, locate the
codimension-two points and name each region by its attractors. Writes diagram.png, .svg, .nc,
special_points.csv, regimes.csv and report.html.

  dynsys diagram aln --x mu_e 0 3 --y mu_i 0 3 --out figure2a
  dynsys diagram aln --x mu_e 1 5 --y mu_i 0 4 --set a=15 --set b=40 --out figure2c

Without --y: equilibria and the limit cycles of every Hopf point along x, with their frequency.

  dynsys diagram aln --x mu_e 0 3 --set mu_i=0.5 --out line
"""


def add_equilibria(subparsers: Any) -> None:
    """Add ``dynsys equilibria``."""
    purpose = "follow equilibria in one parameter"
    parser = add_command(subparsers, "equilibria", purpose, _EQUILIBRIA)
    _search_arguments(parser)
    parser.add_argument("--parameter", action=AxisWords, help=_SPAN)
    parser.add_argument("--observable", help="what to draw; the model's first by default")
    parser.set_defaults(run=run_equilibria)


def add_diagram(subparsers: Any) -> None:
    """Add ``dynsys diagram``."""
    parser = add_command(subparsers, "diagram", "bifurcation diagram in two parameters", _DIAGRAM)
    _search_arguments(parser)
    parser.add_argument("--x", action=AxisWords, help=_SPAN)
    parser.add_argument(
        "--y", nargs=3, metavar=("NAME", "LOW", "HIGH"), help="parameter of the vertical axis"
    )
    parser.add_argument(
        "--audit", type=int, metavar="POINTS",
        help="points to test by simulation at the end (default 20; 0: none). Exit code 3 where one "
        "disagrees, or where part of the plane is unresolved",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=float, metavar="SECONDS",
        help="processor time for a plane (default 300); what it does not suffice for is said",
    )  # fmt: skip
    parser.add_argument("--observable", help="without --y: what to draw; the first by default")
    parser.add_argument(
        "--asynchronous", action="store_true",
        help="add the exact Hopf curves of the network behind aln",
    )  # fmt: skip
    parser.add_argument("--scheduler", help='a Dask scheduler, as tcp://host:8786, or "local"')
    parser.set_defaults(run=run_diagram)


def _search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="of the search for equilibria")
    parser.add_argument("--step-max", type=float, help="largest scaled step (default 0.04)")
    parser.add_argument("--max-points", type=int, help="most points of a branch")


def run_equilibria(chosen: argparse.Namespace) -> None:
    """Compute, print and write a branch."""
    # Here, since the command line's help should not wait for it.
    from continuation.drawing import save_figure
    from continuation.steady_states.equilibria import equilibria

    on = followed(chosen, chosen.parameter, "--parameter")
    branch = equilibria(on.model, on.name, on.span, settings=on.settings, seed=chosen.seed)
    print(branch)
    figures = save_figure(branch.plot(chosen.observable), chosen.out / "branch.png")
    files = [*figures, branch.save(chosen.out / "branch.nc")]
    files.append(write_table(branch.special_point_table(), chosen.out / "special_points.csv"))
    living = branch.explore(chosen.out / "explore.html")
    files += [living, write_report(branch, figures, chosen.out / "report.html", living)]
    print(_written(files))


def run_diagram(chosen: argparse.Namespace) -> int:
    """Compute, print and write a diagram; returns 3 where part of it is unresolved or wrong."""
    # Here, since the command line's help should not wait for it.
    from continuation.diagrams.diagram import UnresolvedWarning, bifurcation_diagram
    from continuation.drawing import save_figure
    from continuation.engine.settings import Settings

    if chosen.y is None:
        if chosen.asynchronous:
            raise ModelError("--asynchronous draws curves in a plane; give --y NAME LOW HIGH too")
        if chosen.audit is not None:
            raise ModelError("--audit tests a plane's regions; give --y NAME LOW HIGH too")
        if chosen.budget is not None:
            raise ModelError("--budget is the time for a plane; give --y NAME LOW HIGH too")
        if chosen.scheduler is not None:
            raise ModelError("--scheduler spreads a plane's parts; give --y NAME LOW HIGH too")
        run_line_diagram(chosen)
        return 0
    if chosen.x is None:
        raise ModelError("a diagram in a plane has two axes; give --x NAME LOW HIGH too")
    if chosen.observable is not None:
        raise ModelError("--observable belongs to a diagram of one parameter, without --y")
    check_varied(chosen, chosen.x[0], chosen.y[0])
    given = {"audit": chosen.audit, "budget": chosen.budget, "asynchronous": chosen.asynchronous,
             "scheduler": chosen.scheduler}  # fmt: skip
    more: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with warnings.catch_warnings():  # said below, after the result
        warnings.simplefilter("ignore", UnresolvedWarning)
        diagram = bifurcation_diagram(
            model_from(chosen), x=axis_of(chosen.x), y=axis_of(chosen.y),
            settings=Settings(**asked(chosen)), seed=chosen.seed, progress=True, **more,
        )  # fmt: skip
    print(diagram)
    with doing("figures, tables and pages"):
        figures = save_figure(diagram.plot(), chosen.out / "diagram.png")
        files = [*figures, diagram.save(chosen.out / "diagram.nc")]
        files.append(write_table(diagram.special_point_table(), chosen.out / "special_points.csv"))
        files.append(write_table(diagram.regime_table(), chosen.out / "regimes.csv"))
        living = diagram.explore(chosen.out / "explore.html")
        files += [living, write_report(diagram, figures, chosen.out / "report.html", living)]
    print(_written(files))
    doubts = diagram.doubts()
    for doubt in doubts:
        print(f"dynsys: {doubt}", file=sys.stderr)
    return UNSURE if doubts else 0


def run_line_diagram(chosen: argparse.Namespace) -> None:
    """Compute, print and write a one-parameter diagram: equilibria and cycles."""
    # Here, since the command line's help should not wait for it.
    from continuation.diagrams.diagram import bifurcation_diagram
    from continuation.drawing import save_figure

    on = followed(chosen, chosen.x, "--x")
    diagram = bifurcation_diagram(
        on.model, x=(on.name, *on.span), settings=on.settings, seed=chosen.seed
    )
    print(diagram)
    figures = save_figure(diagram.plot(chosen.observable)[0], chosen.out / "diagram.png")
    files = [*figures, diagram.equilibria.save(chosen.out / "equilibria.nc")]
    files += [c.save(chosen.out / f"cycles{k}.nc") for k, c in enumerate(diagram.cycles, 1)]
    files.append(write_table(diagram.special_point_table(), chosen.out / "special_points.csv"))
    living = diagram.explore(chosen.out / "explore.html")
    files += [living, write_report(diagram, figures, chosen.out / "report.html", living)]
    print(_written(files))


_CYCLES = """\
Follow limit cycles across a span of one parameter from a Hopf point of the equilibria (H1 by
default), or from a simulation where there is none, with Floquet multipliers; locate folds of
cycles (LPC), period doublings (PD), torus points (NS) and branch points (BPC). Writes cycles.png,
.svg, .nc, special_points.csv and report.html.

  dynsys cycles aln --parameter mu_e 0.3 1.6 --set mu_i=0.5 --hopf H2 --out run
"""
_PRC = """\
Phase response of a stable cycle by the adjoint method: how much a brief input advances the rhythm,
over its phase since the peak of the model's first observable. Writes phase_response.png, .svg and
.csv.

  dynsys prc aln --at mu_e=1.3 --at mu_i=0.5 --input mu_e --out run
  dynsys prc morris_lecar --at I=100 --input v --unit cycles --out run
"""


def add_cycles(subparsers: Any) -> None:
    """Add ``dynsys cycles``."""
    parser = add_command(subparsers, "cycles", "follow limit cycles in one parameter", _CYCLES)
    _search_arguments(parser)
    parser.add_argument("--parameter", action=AxisWords, help=_SPAN)
    parser.add_argument("--hopf", help="the Hopf point to start from, by name (default: the first)")
    parser.add_argument("--observable", help="what to draw; the model's first by default")
    parser.set_defaults(run=run_cycles)


def add_prc(subparsers: Any) -> None:
    """Add ``dynsys prc``."""
    parser = add_command(subparsers, "prc", "phase response of a cycle", _PRC)
    parser.add_argument("--at", action="append", default=[], metavar="NAME=VALUE", dest="values",
                        help="a parameter value (the same as --set)")  # fmt: skip
    parser.add_argument("--input", required=True, help="parameter or state that receives the input")
    units = ["time", "phase", "cycles"]
    told = "of the advance: the model's own time unit (default), rad, cycles"
    parser.add_argument("--unit", choices=units, default="time", help=told)
    parser.set_defaults(run=run_prc)


def run_cycles(chosen: argparse.Namespace) -> None:
    """Compute, print and write a branch of cycles."""
    # Here, since the command line's help should not wait for it.
    from continuation import equilibria, limit_cycles
    from continuation.drawing import save_figure

    on = followed(chosen, chosen.parameter, "--parameter")
    branch = equilibria(on.model, on.name, on.span, settings=on.settings, seed=chosen.seed)
    if branch.points("H") or chosen.hopf:
        start = branch[chosen.hopf or "H1"]
        cycles = limit_cycles(start, on.name, on.span, settings=on.cycle_settings)
    else:
        cycles = _simulated_cycles(branch.model, on.name, on.span, on.cycle_settings)
    print(cycles)
    ax = branch.plot(chosen.observable)
    figures = save_figure(cycles.plot(chosen.observable, ax=ax), chosen.out / "cycles.png")
    files = [*figures, cycles.save(chosen.out / "cycles.nc")]
    files.append(write_table(cycles.special_point_table(), chosen.out / "special_points.csv"))
    living = cycles.explore(chosen.out / "explore.html")
    files += [living, write_report(cycles, figures, chosen.out / "report.html", living)]
    print(_written(files))


def _simulated_cycles(model: Any, name: str, span: tuple[float, float], settings: Any) -> Any:
    """Cycles from a simulation, as of a class I neuron whose rhythm begins at no Hopf point.

    Tried at the model's own value of the parameter, then at five values across the span.
    """
    # Here, since the command line's help should not wait for it.
    from continuation import limit_cycles

    low, high = span
    own = model.parameters[name]
    tried = [own] if low <= own <= high else []
    tried += [low + (high - low) * k / 6 for k in (3, 4, 2, 5, 1)]
    for value in tried:
        try:
            start = model.with_parameters(**{name: value})
            return limit_cycles(start, name, span, settings=settings)
        except ConvergenceError:
            continue
    raise ConvergenceError(
        f"{model.name} has no Hopf point with {name} in [{low:g}, {high:g}], and no simulation at "
        f"{', '.join(f'{v:g}' for v in tried)} ends in an oscillation; widen the span, or give a "
        "start to continuation.limit_cycles(model, ...)"
    )


def run_prc(chosen: argparse.Namespace) -> None:
    """Compute and write a phase response."""
    # Here, since the command line's help should not wait for it.
    from continuation import limit_cycles, phase_response
    from continuation.drawing import save_figure
    from dynsys.drawing import advance_label, axis_label, draw_phase_response

    model = model_from(chosen)
    name = chosen.input if chosen.input in model.parameters else model.parameter_names[0]
    value = model.parameters[name]
    reach = 1e-3 * max(abs(value), 1.0)
    cycle = limit_cycles(model, name, (value - reach, value + reach)).at(**{name: value})
    response = phase_response(cycle, chosen.input, chosen.unit)
    print(cycle)
    print(f"{advance_label(response)}, phase 0: {response.attrs['event']}")
    print(f"adjoint constant along the cycle to {response.attrs['constancy']:.0e}")
    figures = save_figure(draw_phase_response(response), chosen.out / "phase_response.png")
    shown = model.observable_names[0]
    headings = ("phase", advance_label(response), axis_label(shown, model.unit(shown)))
    columns = (response["phase"].values, response.values, response[shown].values)
    rows = [dict(zip(headings, map(float, row), strict=True)) for row in zip(*columns, strict=True)]
    print(_written([*figures, write_table(rows, chosen.out / "phase_response.csv")]))


def _written(files: list[Path]) -> str:
    return "wrote " + ", ".join(str(f) for f in files)
