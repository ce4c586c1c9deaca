"""Exact Hopf points of the asynchronous state along one parameter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from continuation.asynchronous.loop import QUASI_STATIC
from continuation.asynchronous.network import FIXED, AsynchronousNetwork, network_behind, solved
from continuation.asynchronous.roots import scanned, turns
from continuation.engine.following import check_span
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, numbered
from continuation.steady_states.branch import Branch
from continuation.steady_states.equilibria import equilibria
from dynsys.errors import ConvergenceError
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

_HALVINGS = 30
_SAME = 1e-6  # distance of two points that are one


def hopf_points(
    model: VectorField,
    parameter: str,
    span: tuple[float, float],
    neuron: EIFNeuron | None = None,
    voltage: str = QUASI_STATIC,
    settings: Settings | None = None,
) -> tuple[SpecialPoint, ...]:
    """All Hopf points of the asynchronous state along a parameter, in order along its branches.

    1. Follow the fixed points, which are those of the mean field, across the span.
    2. Count the roots right of the imaginary axis at every point, by the argument principle.
    3. Halve a step over which a pair crosses; then Newton's method in rates, parameter, frequency.

    Parameters
    ----------
    model : ``aln()``; ``parameter`` and ``span`` as of ``equilibria``.
    neuron : the one the model was made with, if it is not the default.
    voltage : of the adaptation current, as of ``asynchronous_state``.
    settings : of the branches of fixed points.

    Returns
    -------
    SpecialPoint's labelled "H": parameters, frequency (Hz), observables; the certificate holds the
    residual of fixed point and determinant and the bracket between points with other counts.
    ``eigenvalues`` are the critical pair alone.

    Raises
    ------
    ModelError, UnknownNameError for another model or wrong names; ConvergenceError where a pair
    crosses and Newton does not converge.

    Example
    -------
    >>> point, = asynchronous_state.hopf_points(aln().with_parameters(mu_i=0.5), "mu_e", (1, 2))
    >>> point.parameters["mu_e"], point.frequency
    """
    check_span(model, parameter, span)
    network_behind(model, (parameter,), neuron, voltage)
    branch = equilibria(model, parameter, span, settings=settings)
    return on_branch(branch, neuron, voltage)


def on_branch(
    branch: Branch, neuron: EIFNeuron | None = None, voltage: str = QUASI_STATIC
) -> tuple[SpecialPoint, ...]:
    """Hopf points of the asynchronous state on a branch of the mean field's equilibria."""
    network = network_behind(branch.model, branch.parameters, neuron, voltage)
    names = ("r_E", "r_I", "I_A", *branch.parameters)
    found: list[SpecialPoint] = []
    for number, piece in enumerate(branch.pieces()):
        rows = zip(*(piece[name].values for name in names), strict=True)
        values = [dict(zip(names, row, strict=True)) for row in rows]
        points = [network.unknowns(at, at) for at in values]
        for index, (z, bracket) in enumerate(_crossings(network, points)):
            if not any(_close(z, p) for p in found):
                found.append(special_point(network, z, bracket, number, index))
    return numbered(found)


def _close(z: np.ndarray, point: SpecialPoint) -> bool:
    value = point.parameters[point.free[0]]
    rate = np.log(point.observables["r_E"] / 1000)
    return bool(abs(z[FIXED] - value) < _SAME and abs(z[0] - rate) < _SAME)


def _crossings(
    network: AsynchronousNetwork, points: list[np.ndarray]
) -> Iterator[tuple[np.ndarray, tuple[float, float]]]:
    """(z, bracket) of the Hopf points between successive fixed points."""
    before: tuple[np.ndarray, int] | None = None
    for y in points:
        counted = _counted(network, y)
        if before is not None and counted is not None:
            yield from _between(network, before, (y, counted), _HALVINGS)
        before = None if counted is None else (y, counted)


def _counted(network: AsynchronousNetwork, y: np.ndarray) -> int | None:
    """Roots right of the axis; None where one lies on it (at a fold, or by chance)."""
    try:
        return turns(scanned(network.loop(y))[1])
    except ConvergenceError:
        return None


def _between(
    network: AsynchronousNetwork, left: tuple[np.ndarray, int], right: tuple[np.ndarray, int],
    halvings: int,
) -> Iterator[tuple[np.ndarray, tuple[float, float]]]:  # fmt: skip
    """Hopf points between two fixed points, a change of one root being a fold."""
    change = abs(left[1] - right[1])
    if change < 2:
        return
    if change == 2:
        z = _located(network, left[0], right[0])
        if z is not None:
            ends = sorted((float(left[0][FIXED]), float(right[0][FIXED])))
            yield z, (ends[0], ends[1])
            return
    middle, counted = _middle(network, left[0], right[0])
    if middle is None or counted is None or halvings == 0:
        where = ", ".join(f"{v:.8g}" for v in (left[0][FIXED], right[0][FIXED]))
        raise ConvergenceError(
            f"a pair of roots crosses the axis with {network.free[0]} between {where}, but Newton "
            "does not converge there; try a smaller Settings.step_max"
        )
    yield from _between(network, left, (middle, counted), halvings - 1)
    yield from _between(network, (middle, counted), right, halvings - 1)


def _middle(
    network: AsynchronousNetwork, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray | None, int | None]:
    """A fixed point half way; another fraction where a root lies on the axis."""
    for share in (0.5, 0.45, 0.57):
        chord = right - left
        row = chord / np.linalg.norm(chord)
        y = solved(network.fixed, left + share * chord, row)
        if y is not None:
            counted = _counted(network, y)
            if counted is not None:
                return y, counted
    return None, None


def _located(
    network: AsynchronousNetwork, left: np.ndarray, right: np.ndarray
) -> np.ndarray | None:
    """The Hopf point between two fixed points; None where Newton leads elsewhere."""
    middle = (left + right) / 2
    nodes, values = scanned(network.loop(left))
    sizes = np.abs(values)
    dips = [k for k in range(1, len(sizes) - 1) if sizes[k] <= min(sizes[k - 1], sizes[k + 1])]
    reach = float(np.max(np.abs(right - left)))
    for k in sorted(dips, key=lambda k: sizes[k])[:3]:
        z = solved(network.critical, np.append(middle, nodes[k]))
        if z is not None and z[-1] > 1e-4 and np.max(np.abs(z[:-1] - middle)) <= reach:
            return z
    return None


def special_point(
    network: AsynchronousNetwork, z: np.ndarray, bracket: tuple[float, float] | None = None,
    piece: int = 0, index: int = 0,
) -> SpecialPoint:  # fmt: skip
    """The SpecialPoint of a located Hopf point of the asynchronous state."""
    model, residual = network.model_at(z[:-1]), network.critical(z)
    certificate = {
        "residual": float(np.max(np.abs(residual[:FIXED]))),
        "test_function": float(np.max(np.abs(residual[FIXED:]))),
        "theory": f"asynchronous state, {network.voltage} mean voltage",
    }
    if bracket is not None:
        certificate["bracket"] = list(bracket)
    omega = float(z[-1])
    return SpecialPoint(
        label="H",
        state=network.state(z[:-1]),
        parameters=dict(model.parameters),
        eigenvalues=np.array([1j * omega, -1j * omega]),
        model=model,
        free=network.free,
        frequency=omega / (2 * np.pi) * model.frequency_factor,
        certificate=certificate,
        index=index,
        piece=piece,
    )
