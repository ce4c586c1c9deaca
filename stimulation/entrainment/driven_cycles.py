"""Locked rhythms as limit cycles: the sine becomes two states of the model, for continuation.

The pair c' = k c (1 - c^2 - s^2) - w s, s' = k s (1 - c^2 - s^2) + w c has the stable solution
(cos w t, sin w t). A rhythm locked to it is a limit cycle of the extended model; its folds, torus
and period-doubling points in the stimulation frequency are the edges of the Arnold tongue.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import sympy

from continuation import (
    Cycle,
    CycleBranch,
    CycleCurve,
    CycleSettings,
    cycle_fold_curve,
    limit_cycles,
    period_doubling_curve,
    torus_curve,
)
from dynsys import Parameter, State, VectorField, simulate
from dynsys.definition import symbol
from dynsys.errors import ConvergenceError, DynsysError
from dynsys.variants import substituted

FREQUENCY, AMPLITUDE = "stimulus_frequency", "stimulus_amplitude"
_PAIR = ("stimulus_cosine", "stimulus_sine")
_CURVES = {"LPC": cycle_fold_curve, "NS": torus_curve, "PD": period_doubling_curve}
_ON_CURVE = 2e-3  # of the spans: how near a point lies to the curve that passes through it
_PULL = 2.0  # k in units of w / (2 pi): a disturbed pair is back within a cycle


def driven_model(model: VectorField, input: str) -> VectorField:
    """The model with ``stimulus_amplitude`` * sine added to one of its parameters.

    Two states and two parameters more: ``stimulus_frequency`` in Hz and ``stimulus_amplitude`` in
    the unit of the input.

    Example
    -------
    >>> driven_model(aln(), "mu_e").with_parameters(stimulus_frequency=22, stimulus_amplitude=0.02)
    """
    model.parameter_index(input)
    cosine, sine, f = (symbol(name) for name in (*_PAIR, FREQUENCY))
    target = symbol(input)
    driven = {target: target + symbol(AMPLITUDE) * sine}
    turn = 2 * sympy.pi * f / sympy.Float(model.frequency_factor)
    pull = sympy.Float(_PULL) * f / sympy.Float(model.frequency_factor)
    room = pull * (1 - cosine**2 - sine**2)
    declared = {
        k: Parameter(model.parameters[k], p.unit, p.meaning, p.positive, p.capacitance)
        for k, p in model.declared_parameters.items()
    }
    inside = substituted(model, driven)
    inside["equations"] |= {
        _PAIR[0]: room * cosine - turn * sine, _PAIR[1]: room * sine + turn * cosine
    }  # fmt: skip
    return VectorField(
        name=f"{model.name}_driven",
        meaning=f"{model.meaning}, a sine added to {input}",
        states=dict(model.states) | {k: State(float(k == _PAIR[0]), (-1.0, 1.0)) for k in _PAIR},
        parameters=declared
        | {
            FREQUENCY: Parameter(
                10.0, model.frequency_unit, "frequency of the stimulus", positive=True
            ),
            AMPLITUDE: Parameter(0.0, model.unit(input), "amplitude of the stimulus"),
        },
        **inside,
    )


def locked_cycles(
    model: VectorField,
    input: str,
    amplitude: float,
    frequency: float,
    span: tuple[float, float],
    cycles: int = 1,
    settings: CycleSettings | None = None,
) -> CycleBranch:
    """Follow the rhythm locked at one stimulation frequency across a span of frequencies.

    Parameters
    ----------
    amplitude : in the unit of the input. frequency : Hz, inside the tongue.
    cycles : stimulus cycles in a period of the response.
    settings : of the continuation; the branch of a tongue is closed, and few points go around it.

    Raises
    ------
    ConvergenceError
        where the rhythm does not lock at ``frequency``.

    Example
    -------
    >>> locked_cycles(model, "mu_e", 0.02, frequency=22.5, span=(20, 25)).special_points
    """
    extended = driven_model(model, input).with_parameters(
        **{FREQUENCY: frequency, AMPLITUDE: amplitude}
    )
    period = cycles * model.frequency_factor / frequency
    run = simulate(
        extended, 300 * period, initial=dict(zip(_PAIR, (1.0, 0.0), strict=True)), sample=period
    )
    if run["status"].item() != "complete":
        at = f"{frequency:g} {model.frequency_unit}"
        raise ConvergenceError(f"the driven {model.name} did not stay finite at {at}")
    # The last period's end, not its records: the phase of the stimulus is part of the state.
    start = (run["final_state"].values, period)
    chosen = settings or CycleSettings(max_points=40)
    branch = limit_cycles(extended, FREQUENCY, span, start=start, settings=chosen)
    if settings is None and len(_edges(branch)) < 2:
        branch = limit_cycles(extended, FREQUENCY, span, start=start)
    return branch


def locked_range(branch: CycleBranch, frequency: float) -> list[tuple[float, str]]:
    """Lowest and highest frequency (Hz) of the stable cycles of a branch, with what ends them.

    Raises ConvergenceError where the branch has no stable cycle, or no edge within its span.
    """
    f, unit = branch.data[FREQUENCY].values, branch.model.frequency_unit
    stable = branch.data["stable"].values.astype(bool)
    if not stable.any():
        raise ConvergenceError(f"no stable locked cycle was found near {frequency:g} {unit}")
    edges = [(cycle.parameters[FREQUENCY], cycle.label) for cycle in _edges(branch)]
    found = []
    for side, end in ((-1, f[stable].min()), (1, f[stable].max())):
        beyond = [e for e in edges if side * (e[0] - end) > -1e-6 * abs(end)]
        if not beyond:
            raise ConvergenceError(
                f"the locked cycles have no edge between {f.min():g} and {f.max():g} {unit}; "
                "they are stable up to there"
            )
        # Beyond the end, hence the nearest is the one next to it.
        found.append(min(beyond) if side > 0 else max(beyond))
    return found


def boundary_curves(
    branches: Sequence[CycleBranch],
    frequencies: tuple[float, float],
    amplitudes: tuple[float, float],
) -> tuple[CycleCurve, ...]:
    """The curves in (frequency, amplitude) through all edges of branches of locked cycles.

    A tongue's folds lie on one curve that turns around its tip; where the folds end, at cusps or
    1:1 resonances, curves of tori take over. What cannot be followed is named in a warning.

    Parameters
    ----------
    branches : of ``locked_cycles`` of one model, at several amplitudes.
    frequencies, amplitudes : the window, Hz and the unit of the input.

    Example
    -------
    >>> boundary_curves([branch], (20, 25), (0, 0.1))
    """
    spans = {FREQUENCY: frequencies, AMPLITUDE: amplitudes}
    curves: list[CycleCurve] = []
    for branch in branches:
        for edge in _edges(branch):
            follow = _CURVES[edge.label]
            if any(c.kind == _KINDS[edge.label] and _passes(c, edge, spans) for c in curves):
                continue
            try:
                curves.append(follow(edge, (FREQUENCY, AMPLITUDE), spans))
            except DynsysError as error:
                unit = edge.model.frequency_unit
                at = f"{edge.label} at {edge.parameters[FREQUENCY]:.6g} {unit}"
                warnings.warn(f"the curve through the {at} was not followed: {error}", stacklevel=2)
    return tuple(curves)


_KINDS = {"LPC": "cycle fold curve", "NS": "torus curve", "PD": "period doubling curve"}


def _passes(curve: CycleCurve, cycle: Cycle, spans: dict[str, tuple[float, float]]) -> bool:
    """Whether a drawn curve passes through a cycle, in the plane."""
    size = [high - low for low, high in spans.values()]
    points = np.stack([curve.data[k].values / w for k, w in zip(spans, size, strict=True)], axis=1)
    wanted = np.array([cycle.parameters[k] / w for k, w in zip(spans, size, strict=True)])
    step = np.diff(points, axis=0)
    part = np.sum((wanted - points[:-1]) * step, axis=1) / np.maximum(
        np.sum(step**2, axis=1), 1e-30
    )
    nearest = points[:-1] + np.clip(part, 0, 1)[:, None] * step
    return bool(np.linalg.norm(nearest - wanted, axis=1).min() < _ON_CURVE)


def _edges(branch: CycleBranch) -> list[Cycle]:
    """Where cycles of the branch lose stability, each once: a closed branch passes them twice."""
    points = [p for p in branch.special_points if p.label in _CURVES]
    return list({round(p.parameters[FREQUENCY], 7): p for p in points}.values())
