"""``graph_equilibrium``: an equilibrium of a graph of mean fields, its stability and its modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy.sparse.linalg import splu

from continuation.graphs.linearization import Linearization
from continuation.graphs.nodes import OBSERVED, Nodes
from continuation.graphs.noise import connectivity, cross_spectra
from continuation.graphs.roots import Root, count_right_of, rightmost, roots_right_of
from continuation.graphs.system import Point
from dynsys import checks
from dynsys.coupling.coupled_field import CoupledField
from dynsys.errors import ConvergenceError, ModelError
from dynsys.typed import typed

_ITERATIONS, _HALVINGS = 60, 12
_EXACT = 1e-12  # of a state's typical size
_ON_AXIS = 1e-10  # of the largest modulus of roots: closer to the axis counts as left of it


@dataclass(frozen=True, eq=False)
class GraphState:
    """An equilibrium of a coupled field.

    ``states`` (N, n) in the node model's units; ``data``: Dataset over ``node`` with all states and
    observables; ``residual`` in units of the states' typical sizes.

    Example
    -------
    >>> state = graph_equilibrium(field)
    >>> state.stable, state.modes(3)["frequency"]
    """

    field: CoupledField
    point: Point

    @property
    def states(self) -> np.ndarray:
        return self.point.z[:, : self.point.nodes.n]

    @cached_property
    def residual(self) -> float:
        rows = self.point.residual().reshape(self.point.z.shape)[:, : self.point.nodes.n]
        return float(np.max(np.abs(rows) / self.point.nodes.sizes))

    @cached_property
    def data(self) -> xr.Dataset:
        model, values = self.field.node_model, observed(self.point)
        columns: dict[str, Any] = {
            name: ("node", values[name], {"units": model.unit(name)}) for name in values
        }
        attributes = {"model": self.field.name, "source": self.field.source}
        return xr.Dataset(columns, coords={"node": list(self.field.labels)}, attrs=attributes)

    @property
    def linear(self) -> Linearization:
        """The linearization: ``matrix(root)`` is the exact characteristic matrix, sparse."""
        return self.point.linear

    @cached_property
    def unstable(self) -> int:
        """How many characteristic roots lie right of the imaginary axis: exact, delays included."""
        return unstable_roots(self.linear)

    @property
    def stable(self) -> bool:
        """Whether every perturbation decays."""
        return self.unstable == 0

    def eigenvalues(self) -> np.ndarray:
        """All eigenvalues (N n,) of a graph without delays, rightmost first.

        Raises ModelError where there are delays, and with them infinitely many roots.
        """
        if self.linear.delays:
            raise ModelError(
                f"{self.field.name} has delays, and with them infinitely many characteristic "
                "roots; roots(count) has the rightmost, roots_right_of(re_min) all of a half-plane"
            )
        found = np.linalg.eigvals(instantaneous(self.linear))
        return found[np.lexsort([-found.imag, -np.round(found.real, 12)])]

    def roots(self, count: int = 6) -> np.ndarray:
        """The ``count`` rightmost characteristic roots, in 1/time unit, exact and complete.

        The argument principle counts them; see ``continuation.graphs.roots`` for the method.
        """
        return np.array([r.value for r in self._rightmost(count)])

    def roots_right_of(self, re_min: float) -> np.ndarray:
        """All characteristic roots with real part above ``re_min``, rightmost first."""
        line = checks.number("re_min", re_min)
        return np.array([r.value for r in roots_right_of(self.linear, line)], complex)

    def modes(self, count: int = 6) -> xr.Dataset:
        """The rightmost roots with their modes.

        Returns
        -------
        Dataset over ``mode``: ``growth`` (1/time unit), ``frequency`` (Hz; per time unit for a
        dimensionless model), complex ``shape`` (mode, node, state), of length one, the largest
        entry real.
        """
        return mode_table(self.field, self._rightmost(count))

    def _rightmost(self, count: int) -> list[Root]:
        count = checks.whole("count", count, least=1)
        return rightmost(self.linear, count)[:count]

    def spectra(
        self, frequencies: Sequence[float] | np.ndarray, of: str | None = None,
        noise: Mapping[str, float | np.ndarray] | None = None,
    ) -> xr.DataArray:  # fmt: skip
        """Cross spectra of the linear fluctuations about a stable state, delays exact.

        Parameters
        ----------
        frequencies : Hz (per time unit for a dimensionless model), above 0.
        of : a state or an observable of the node model; its first observable by default.
        noise : state -> amplitude s of its white noise, dx = ... + s dW, independent in every node;
            a number or one per node. The node model's own noise by default.

        Returns
        -------
        Complex DataArray (frequency, node, other), one-sided, in squared units per Hz; its diagonal
        holds the power spectra.

        Raises
        ------
        ModelError where the state is unstable or nothing is noisy; UnknownNameError for a name.

        Example
        -------
        >>> state.spectra([5, 10, 20], of="r_E", noise={"mu_fE": 0.1})
        """
        at = np.atleast_1d(checks.numbers("frequencies", frequencies))
        if at.ndim != 1 or not np.all(at > 0):
            raise ModelError("frequencies must be above 0, in one dimension")
        name = self._seen(of)
        return cross_spectra(self.point, self.field, at, name, noise)

    def functional_connectivity(
        self, of: str | None = None, noise: Mapping[str, float | np.ndarray] | None = None,
        band: tuple[float, float] | None = None,
    ) -> xr.DataArray:  # fmt: skip
        """Correlations (node, other) of the linear fluctuations about a stable state.

        Parameters
        ----------
        of, noise : as in ``spectra``.
        band : (low, high) in Hz, of fluctuations that are filtered; all frequencies by default.

        Returns
        -------
        DataArray with ``covariance`` as a coordinate.

        Example
        -------
        >>> state.functional_connectivity("r_E", noise={"mu_fE": 0.1}).plot()
        """
        name = self._seen(of)
        return connectivity(self.point, self.field, name, noise, band)

    def _seen(self, of: str | None) -> str:
        model = self.field.node_model
        names = [*model.states, *model.observables]
        chosen = next(iter(model.observables)) if of is None else of
        checks.known("state or observable", chosen, names, model.name)
        if not self.stable:
            raise ModelError(
                f"this state of {self.field.name} is unstable ({self.unstable} roots right of the "
                "axis): fluctuations about it grow and have no spectrum. Choose parameters on the "
                "stable side, which graph_equilibria locates"
            )
        return chosen

    def __str__(self) -> str:
        names = list(self.field.node_model.observables)
        ranges = [
            f"{k} {float(self.data[k].min()):.6g} .. {float(self.data[k].max()):.6g} "
            f"{self.data[k].attrs['units']}".rstrip()
            for k in names
        ]
        word = "stable" if self.stable else f"unstable ({self.unstable} roots right of the axis)"
        return (
            f"{word} equilibrium of {self.field.name}, {len(self.field.nodes)} nodes: "
            f"{', '.join(ranges)}; residual {self.residual:.0e}"
        )

    __repr__ = __str__


@typed
def graph_equilibrium(
    field: CoupledField,
    start: GraphState | Mapping[str, float] | Sequence[float] | np.ndarray | None = None,
) -> GraphState:
    """An equilibrium of a graph of mean fields, from one compiled node.

    1. Newton's method from ``start`` with the sparse exact Jacobian of all nodes.
    2. Without ``start`` from the state in which a node alone comes to rest; where that does not
       converge, the coupling grows from nothing to its strength.

    Parameters
    ----------
    field : from ``couple``; its equations are never written out.
    start : another state of the same graph, states (N, n), those of one node (n,) or by name.

    Raises
    ------
    ModelError for what is no coupled field; ConvergenceError where Newton finds nothing, or a node
    alone does not come to rest: then give a start.

    Not to be confused with ``equilibria(field, ...)``, which writes the equations out (and knows
    normal forms and cycles): for some ten nodes.

    Example
    -------
    >>> print(graph_equilibrium(couple(aln(), graph, source="r_e", target="mu_e", delay="length/6",
    ...                                weight="K*weight", parameters={"K": 0.5})))
    """
    check_field(field)
    nodes = Nodes(field)
    given = start is not None
    x = _start_states(nodes, start)
    z = newton(nodes, settled(nodes, x))
    if z is None and not given:
        z = _grown(nodes, x)
    if z is None:
        raise ConvergenceError(
            f"Newton's method found no equilibrium of {field.name} from this start; start closer, "
            "for instance from a state at nearby parameters or from the end of simulate_nodes"
        )
    return GraphState(field, Point(nodes, z))


def check_field(field: Any) -> None:
    """ModelError for what is no coupled field."""
    checks.instance("field", field, CoupledField, "couple(model, graph, ...)")


def newton(nodes: Nodes, z: np.ndarray, part: float = 1.0) -> np.ndarray | None:
    """Newton's method at fixed parameters; ``part`` of the coupling; None where it fails."""
    small = np.inf
    for _ in range(_ITERATIONS):
        at = Point(nodes, z)
        if part != 1.0:
            at.__dict__["wires"] = at.wires.scaled(part)
        residual = at.residual()
        if not np.all(np.isfinite(residual)):
            return None
        try:
            step = splu(at.linear.matrix(0.0)).solve(-residual).reshape(z.shape)
        except RuntimeError:  # exactly singular
            return None
        size = float(np.max(np.abs(step[:, : nodes.n]) / nodes.sizes))
        if not np.isfinite(size):
            return None
        z = z + step * min(1.0, 0.5 / max(size, 1e-300))
        if size < _EXACT or (size < 1e-9 and size >= small / 2):
            return z
        small = size
    return None


def settled(nodes: Nodes, x: np.ndarray) -> np.ndarray:
    """Unknowns (N, q) for states (N, n): what arrives at each node, and what was sent late."""
    z = np.zeros((nodes.count, nodes.q))
    z[:, : nodes.n] = x
    point = Point(nodes, z)
    for _ in range(30):
        found = -point.balance(nodes.evaluate(z).answers, point.wires.weight).reshape(z.shape)
        new = np.concatenate([x, found[:, nodes.n :]], axis=1)
        if not np.all(np.isfinite(new)):
            break
        z, before = new, z
        if np.max(np.abs(z - before)) < 1e-12:
            break
    return z


def observed(point: Point) -> dict[str, np.ndarray]:
    """States and observables (N,) by name."""
    nodes = point.nodes
    found = dict(zip(nodes.field.node_model.states, point.z.T, strict=False))
    for k, name in enumerate(nodes.outputs):
        if name.startswith(OBSERVED):
            found[name.removeprefix(OBSERVED)] = point.values.outputs[:, k]
    return found


def unstable_roots(linear: Linearization) -> int:
    """Roots right of the imaginary axis; one on it, to rounding, does not count."""
    return count_right_of(linear, _ON_AXIS * linear.bound(0.0))


def mode_table(field: CoupledField, roots: Sequence[Root]) -> xr.Dataset:
    """Roots and modes as a dataset."""
    model, count = field.node_model, len(field.nodes)
    n = len(model.states)
    values = np.array([r.value for r in roots], complex)
    shapes = np.array([r.vector.reshape(count, -1)[:, :n] for r in roots], complex)
    for shape in shapes:
        largest = shape.ravel()[np.argmax(np.abs(shape))]
        shape *= abs(largest) / largest / np.linalg.norm(shape)
    unit = f"1/{model.time_unit}" if model.time_unit else "1/time"
    frequency = np.abs(values.imag) / (2 * np.pi) * model.frequency_factor
    return xr.Dataset(
        {
            "growth": ("mode", values.real, {"units": unit}),
            "frequency": ("mode", frequency, {"units": model.frequency_unit}),
            "shape": (("mode", "node", "state"), shapes),
        },
        coords={
            "mode": np.arange(1, len(roots) + 1),
            "node": list(field.labels),
            "state": list(model.states),
        },
    )


def instantaneous(linear: Linearization) -> np.ndarray:
    """The Jacobian (N n, N n) of all states where nothing arrives late."""
    whole = -linear.matrix(0.0).toarray()
    states = np.arange(len(whole)) % linear.q < linear.n
    to_all, rest = whole[:, states], whole[:, ~states]
    return to_all[states] - rest[states] @ np.linalg.solve(rest[~states], to_all[~states])


def _start_states(nodes: Nodes, start: Any) -> np.ndarray:
    """Starting states (N, n)."""
    shape, model = (nodes.count, nodes.n), nodes.field.node_model
    if start is None:
        known: dict[tuple[float, ...], np.ndarray] = {}
        for j in range(nodes.count):
            values = nodes.field.node_parameters(j)
            key = tuple(values.values())
            if key not in known:
                try:
                    rest = model.with_parameters(**values).equilibrium()
                except ConvergenceError as error:
                    raise ConvergenceError(
                        f"a node of {nodes.field.name} alone does not come to rest, so that there "
                        f"is nowhere to start from; give start=, states of one node or of all. "
                        f"({error})"
                    ) from error
                known[key] = rest.state[: nodes.n]
        keys = [tuple(nodes.field.node_parameters(j).values()) for j in range(nodes.count)]
        return np.array([known[key] for key in keys])
    if isinstance(start, GraphState):
        start = start.states
    if isinstance(start, Mapping):
        for name in start:
            checks.known("state", name, model.states, model.name)
        start = [start.get(k, s.initial) for k, s in model.states.items()]
    found = checks.numbers("start", start)
    if found.shape not in (shape, shape[1:]):
        raise ModelError(
            f"the start has shape {found.shape}; give {shape} numbers (nodes, states "
            f"{', '.join(model.states)}), or {shape[1:]} for all nodes alike"
        )
    return np.array(np.broadcast_to(found, shape))


def _grown(nodes: Nodes, x: np.ndarray) -> np.ndarray | None:
    """From uncoupled nodes: the coupling grows in steps that Newton follows."""
    part, step = 0.0, 0.25
    silent = np.zeros((nodes.count, nodes.q))
    silent[:, : nodes.n] = x
    z = newton(nodes, silent, 0.0)
    while z is not None and part < 1.0 and step > 2.0**-_HALVINGS:
        following = newton(nodes, z, min(1.0, part + step))
        if following is None or _jumped(nodes, z, following):
            step /= 2
            continue
        z, part, step = following, min(1.0, part + step), 1.5 * step
    return z if part >= 1.0 else None


def _jumped(nodes: Nodes, before: np.ndarray, after: np.ndarray) -> bool:
    return bool(np.max(np.abs(after - before)[:, : nodes.n] / nodes.sizes) > 0.5)
