"""Fixed points of maps x -> F(x, p): their folds, period doublings and Neimark-Sacker points.

A fixed point of F is an equilibrium of the field F(x) - x, whose eigenvalues are the multipliers
less 1: folds and branch points are those of the equilibria. Period doublings (a multiplier -1)
and Neimark-Sacker points (a complex pair of modulus 1) are located on the same curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from scipy.optimize import brentq

from continuation.engine.following import Follower
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, numbered
from continuation.steady_states.branch import Branch
from continuation.steady_states.equilibria import equilibria
from dynsys.checks import shown
from dynsys.definition import symbol
from dynsys.errors import ModelError
from dynsys.exchange.ode_reader import OdeReader
from dynsys.exchange.ode_statements import read_statements
from dynsys.expressions.conditions import written_out
from dynsys.expressions.symbols import evaluation_order
from dynsys.typed import check_fields, typed
from dynsys.vector_field import VectorField

_MOST = 12  # steps that are taken as one


@dataclass(frozen=True)
class Map:
    """A map x -> F(x, p), of which ``period`` steps may be taken as one.

    Example
    -------
    >>> logistic = Map("logistic", {"x": 0.5}, {"r": 2.5}, {"x": "r*x*(1 - x)"})
    >>> logistic.step([0.5])
    array([0.625])
    """

    name: str
    states: Mapping[str, Any]
    parameters: Mapping[str, Any]
    equations: Mapping[str, Any]
    period: int = 1

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.period <= _MOST:
            raise ModelError(
                f"the period {shown(self.period)} makes no sense; use 1, 2, 3, ..., {_MOST} (the "
                "expressions double with every step)"
            )
        object.__setattr__(self, "period", int(self.period))
        object.__setattr__(self, "_field", self._difference())

    def _difference(self) -> VectorField:
        """The vector field F^period(x) - x."""
        once = VectorField(self.name, self.states, self.parameters, self.equations, time_unit="")
        if once.lines:
            raise ModelError(f"{self.name}: a map has no delays; make past values states")
        steps = dict(once.equations)
        for _ in range(self.period - 1):
            now = {symbol(k): e for k, e in steps.items()}
            steps = {k: written_out(e, now) for k, e in once.equations.items()}
        equations: dict[str, sympy.Expr] = {k: e - symbol(k) for k, e in steps.items()}
        return VectorField(self.name, self.states, self.parameters, equations, time_unit="")

    @property
    def field(self) -> VectorField:
        """The vector field whose equilibria are the fixed points."""
        return self.__dict__["_field"]

    def step(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """The state (n,) ``period`` steps after x (n,)."""
        return np.asarray(x, float) + self.field.rhs(x)

    def multipliers(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Eigenvalues (n,) of the derivative of ``period`` steps at x."""
        return np.linalg.eigvals(self.field.jacobian(x)) + 1.0


@typed
def read_map(path: str | Path, name: str | None = None, period: int = 1) -> Map:
    """Read a map from an XPPAUT file: with ``@ meth=discrete``, or written ``x(t+1)=...``.

    In the former ``x'=f`` stands for x(t+1) = f. Everything else is read as by ``dynsys.read_ode``,
    named expressions are written out.

    Raises ModelError, beside the errors of ``read_ode``, for a file that is a flow and for maps
    that depend on the time or on noise.

    Example
    -------
    >>> fixed_points(read_map("logistic.ode"), "a", (0.5, 4))["PD1"].parameters["a"]
    """
    place = Path(path)
    reader = OdeReader(place, read_statements(place))
    if not reader.map_lines():
        raise ModelError(
            f"{place.name} is a flow; dynsys.read_ode reads it (a map has @ meth=discrete, "
            "or x(t+1)=...)"
        )
    for reset in reader.statements.of("reset"):
        raise reset.line.fault("it resets the state at an event, which a smooth map cannot")
    read = reader.model(name, "", "")
    if read.inputs or read.noise:
        raise ModelError(f"{place.name}: the map depends on the time or on noise")
    written: dict[Any, Any] = {}
    for label in evaluation_order(read.name, read.definitions):
        written[symbol(label)] = written_out(read.definitions[label], written)
    equations = {k: written_out(e, written) for k, e in read.equations.items()}
    return Map(read.name, dict(read.states), dict(read.declared_parameters), equations, period)


@typed
def fixed_points(
    model: Map,
    parameter: str,
    span: tuple[float, float],
    start: Sequence[float] | np.ndarray | None = None,
    settings: Settings | None = None,
    seed: int = 0,
) -> Branch:
    """Follow the fixed points of a map across a span of one parameter.

    Arguments and errors as of ``equilibria``. The branch's ``unstable`` counts multipliers outside
    the unit circle, ``eigenvalue_real/imag`` are multipliers; special points are labelled LP, BP,
    PD (a multiplier -1) and NS (a pair of modulus 1, with its ``angle`` in radians). With
    ``Map(..., period=2)`` the fixed points are the points of period 1 and 2.

    Source: Kuznetsov 2004, Elements of Applied Bifurcation Theory, chapter 4.

    Example
    -------
    >>> logistic = Map("logistic", {"x": 0.5}, {"r": 2.5}, {"x": "r*x*(1 - x)"})
    >>> fixed_points(logistic, "r", (0.5, 4))["PD1"].parameters["r"]
    3.0
    """
    base = equilibria(model.field, parameter, span, start, settings, seed)
    follower = Follower(base.model, EQUILIBRIUM, dict(base.spans), base.settings)
    found = [p for p in base.special_points if p.label in ("LP", "BP")]
    offset = 0
    for number, piece in enumerate(base.pieces()):
        points = piece["coordinates"].values
        y = np.column_stack([points, piece[parameter].values]) / follower.scale
        for point in _flips(follower, y):
            found.append(replace(point, piece=number, index=point.index + offset))
        offset += len(y)
    ordered = sorted(found, key=lambda p: (p.piece, p.index))
    return replace(
        base, kind="fixed points", data=_data(base), special_points=numbered(ordered),
    )  # fmt: skip


def _data(base: Branch) -> Any:
    """The dataset with multipliers in the place of eigenvalues."""
    multipliers = base.data["eigenvalue_real"] + 1.0
    modulus = (multipliers**2 + base.data["eigenvalue_imag"] ** 2) ** 0.5
    unstable = (modulus > 1).sum("mode")
    return base.data.assign(eigenvalue_real=multipliers, unstable=unstable, stable=unstable == 0)


def _flips(follower: Follower, y: np.ndarray) -> Iterator[SpecialPoint]:
    """PD and NS points between successive points of a curve."""
    tests: dict[str, Callable[[np.ndarray], float]] = {"PD": _flip_test, "NS": _torus_test}
    jacobians = [follower.jacobian(row) for row in y]
    for label, test in tests.items():
        values = np.array([test(a) for a in jacobians])
        for k in np.flatnonzero(values[:-1] * values[1:] < 0):
            at = _zero(follower, y[k], y[k + 1], test)
            if at is not None and _is(label, follower.jacobian(at)):
                yield _point(follower, at, label, int(k))
        for k in np.flatnonzero(values == 0.0):
            if _is(label, jacobians[k]):
                yield _point(follower, y[k], label, int(k))


def _flip_test(a: np.ndarray) -> float:
    """det(DF + I), zero where a multiplier is -1."""
    return float(np.linalg.det(a + 2 * np.eye(len(a))))


def _torus_test(a: np.ndarray) -> float:
    """The product of mu_i mu_j - 1 over pairs, zero where two multipliers have product 1."""
    mu = np.linalg.eigvals(a) + 1.0
    i, j = np.triu_indices(len(mu), 1)
    return float(np.prod(mu[i] * mu[j] - 1.0).real) if len(i) else 1.0


def _is(label: str, a: np.ndarray) -> bool:
    """Whether the multipliers are what the label says (a pair mu, 1/mu is no Neimark-Sacker)."""
    mu = np.linalg.eigvals(a) + 1.0
    if label == "PD":
        return bool(np.min(np.abs(mu + 1)) < 1e-6)
    turning = np.abs(mu.imag) > 1e-7
    return bool(np.any(turning & (np.abs(np.abs(mu) - 1) < 1e-6)))


def _zero(
    follower: Follower, left: np.ndarray, right: np.ndarray, test: Callable[[np.ndarray], float]
) -> np.ndarray | None:
    row = (right - left) / np.linalg.norm(right - left)

    def at(fraction: float) -> np.ndarray | None:
        guess = left + fraction * (right - left)
        return follower.correct(guess, row, float(row @ guess))

    def value(fraction: float) -> float:
        y = at(fraction)
        return np.nan if y is None else test(follower.jacobian(y))

    try:
        return at(brentq(value, 0.0, 1.0, xtol=1e-15, rtol=1e-14))
    except ValueError:  # Newton failed on the way
        return None


def _point(follower: Follower, y: np.ndarray, label: str, index: int) -> SpecialPoint:
    model, state = follower.at(y), follower.state(y)
    mu = np.linalg.eigvals(model.jacobian(state)) + 1.0
    pair = mu[np.argmin(np.abs(np.abs(mu) - 1) + 1e9 * (mu.imag <= 0))]
    return SpecialPoint(
        label=label, state=state, parameters=dict(model.parameters), eigenvalues=mu, model=model,
        free=follower.names, index=index,
        coefficients={"angle": float(np.angle(pair))} if label == "NS" else {},
        certificate={"residual": float(np.max(np.abs(follower.evaluate(y)[0])))},
    )  # fmt: skip
