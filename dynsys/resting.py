"""``model.equilibrium()``: the stable equilibrium a model comes to rest in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.integrate import solve_ivp

from dynsys import checks
from dynsys.conservation import ConservedSum, conserved_sums
from dynsys.errors import ConvergenceError, unknown_name
from dynsys.validity import Flag, flags

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

_SPANS = 10.0 ** np.arange(1, 6)  # time units; the slowest populations rest within seconds
_MOST = 50_000  # evaluations of the field: a model that rests needs far fewer
_NEUTRAL = 1e-9  # real parts below it, relative to the largest eigenvalue, count as zero
_NEAR = 0.05  # scaled distance between the end of the motion and what Newton makes of it


@dataclass(frozen=True)
class Equilibrium:
    """A stable equilibrium of a model.

    ``state`` (n,), ``values`` of states and observables by name (``equilibrium["nu_e"]``),
    ``eigenvalues`` (n,) in 1/time unit, ``residual`` of the field in scaled units, ``flags`` where
    the model is used outside its validity. Where sums of states are ``conserved``, the equilibrium
    is that of their values at the start, stable among the states that share them.
    """

    model: VectorField
    state: np.ndarray
    values: Mapping[str, float]
    eigenvalues: np.ndarray
    residual: float
    flags: tuple[Flag, ...]
    conserved: tuple[ConservedSum, ...] = ()

    def __getitem__(self, name: str) -> float:
        if name not in self.values:
            raise unknown_name("state or observable", name, self.values, self.model.name)
        return self.values[name]

    def __str__(self) -> str:
        model = self.model
        words = {k: f"{k} = {v:.9g} {model.unit(k)}".rstrip() for k, v in self.values.items()}
        first = [w for k, w in words.items() if k in model.states]
        rest = ", ".join(w for k, w in words.items() if k not in model.states)
        unit = f"/{model.time_unit}" if model.time_unit else ""
        slowest = max(self.eigenvalues, key=lambda z: z.real, default=0.0)
        lines = [
            f"stable equilibrium of {model.name}: {', '.join(first)}",
            f"slowest eigenvalue {slowest:.5g}{unit}; residual {self.residual:.0e}",
        ]
        lines += [rest] if rest else []
        kept = [f"{s} = {float(s.factors @ self._physical()):.9g}" for s in self.conserved]
        lines += [f"conserved: {', '.join(kept)}"] if kept else []
        return "\n  ".join([*lines, *map(str, self.flags)])

    def _physical(self) -> np.ndarray:
        return self.state[: self.model.physical_dimension]

    __repr__ = __str__


class Rest:
    """The method ``equilibrium`` of a ``VectorField``."""

    def equilibrium(self, start: Sequence[float] | np.ndarray | None = None) -> Equilibrium:
        """The stable equilibrium that the motion from ``start`` ends in.

        1. Follow the motion from the model's initial state (or ``start``) for 10, 100, ... 1e5 time
           units, by an implicit method with the exact Jacobian.
        2. After each, refine by Newton; accept what is stable and near the end of the motion.
        3. Conserved sums of states keep their values at the start, in Newton's steps too.

        Delays are their transport lines here, which have exact equilibria.

        Raises
        ------
        ConvergenceError where the motion does not come to rest: it oscillates, runs away, or stays
        near an equilibrium that is neutral (a centre), which nothing returns to.

        Example
        -------
        >>> from dynsys.models import fitzhugh_nagumo
        >>> fitzhugh_nagumo().equilibrium()["v"]
        """
        model = cast(Any, self)
        if start is not None:
            start = checks.numbers("start", start)
        x = model.initial_state() if start is None else model._full(start)
        sums = conserved_sums(model)
        rows = np.zeros((len(sums), model.compiled.n))
        for row, kept in zip(rows, sums, strict=True):
            row[: model.physical_dimension] = kept.factors
        neutral = ""
        for span in _SPANS:
            moved = _moved(model, x, float(span))
            if moved is None:
                break
            x = moved
            found = _newton(model, x, rows)
            if found is None or np.max(np.abs(found - x) / model.scales) > _NEAR:
                continue
            eigenvalues = _transverse(model.jacobian(found), len(sums))
            largest = eigenvalues.real.max(initial=-np.inf)
            if abs(largest) <= _NEUTRAL * np.max(np.abs(eigenvalues), initial=0.0):
                neutral = (
                    " The equilibrium nearby is neutral (a centre, or degenerate): an eigenvalue "
                    "lies on the imaginary axis, and the motion neither returns to it nor leaves."
                )
            elif largest < 0:
                return _equilibrium(model, found, eigenvalues, sums)
        where = ", ".join(f"{k} = {v:.4g}" for k, v in zip(model.states, x, strict=False))
        raise ConvergenceError(
            f"{model.name} does not come to rest: followed for up to {span:g} "
            f"{model.time_unit or 'time units'}, it was last seen at {where}.{neutral} It may "
            "oscillate (continuation.limit_cycles follows the rhythm); "
            "continuation.find_equilibria finds equilibria that are not stable"
        )


class _TooLong(Exception):
    """The field was evaluated too often."""


def _moved(model: VectorField, x: np.ndarray, span: float) -> np.ndarray | None:
    """The state after a span of time; None where it still moves fast after many evaluations."""
    compiled, p, scales = model.compiled, model.parameter_array(), model.scales
    n = compiled.n

    evaluations = 0

    def field(_: float, y: np.ndarray) -> np.ndarray:
        nonlocal evaluations
        evaluations += 1
        if evaluations > _MOST:
            raise _TooLong
        out = np.empty(n)
        compiled.field(y * scales, p, compiled.tables, out)
        return out / scales

    def jacobian(_: float, y: np.ndarray) -> np.ndarray:
        out = np.empty((n, n))
        compiled.jacobian(y * scales, p, compiled.tables, out)
        return out * scales[None, :] / scales[:, None]

    try:
        run = solve_ivp(
            field, (0.0, span), x / scales, method="LSODA", jac=jacobian, rtol=1e-6, atol=1e-9
        )
    except _TooLong:
        return None
    end = run.y[:, -1] * scales
    if run.status != 0 or not np.all(np.isfinite(end)):
        raise ConvergenceError(
            f"the motion of {model.name} cannot be followed beyond {run.t[-1]:g} "
            f"{model.time_unit}: {run.message} Start elsewhere, or look at the parameters"
        )
    return end


def _transverse(jacobian: np.ndarray, sums: int) -> np.ndarray:
    """Eigenvalues without the zeros of conserved sums."""
    eigenvalues = np.linalg.eigvals(jacobian)
    return eigenvalues[np.argsort(np.abs(eigenvalues))[sums:]]


def _newton(model: VectorField, x: np.ndarray, sums: np.ndarray) -> np.ndarray | None:
    """Newton's method at fixed values of the sums (k, n) of states."""
    for _ in range(30):
        matrix, rate = model.jacobian(x), model.rhs(x)
        if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(rate))):
            return None
        try:
            if len(sums):
                whole = np.vstack([matrix / model.scales[:, None], sums])
                right = np.concatenate([-rate / model.scales, np.zeros(len(sums))])
                step = np.linalg.lstsq(whole, right, rcond=None)[0]
            else:
                step = np.linalg.solve(matrix, -rate)
        except np.linalg.LinAlgError:
            return None
        x = x + step
        size = np.max(np.abs(step) / model.scales)
        if not np.isfinite(size):
            return None
        if size < 1e-13:
            break
    return x if size < 1e-9 else None


def _equilibrium(
    model: VectorField, x: np.ndarray, eigenvalues: np.ndarray, sums: tuple[ConservedSum, ...]
) -> Equilibrium:
    values = dict(zip(model.states, x.tolist(), strict=False)) | model.observe(x)
    return Equilibrium(
        model=model,
        state=x,
        values=values,
        eigenvalues=eigenvalues,
        residual=float(np.max(np.abs(model.rhs(x)) / model.scales)),
        flags=tuple(flags(model, values)),
        conserved=sums,
    )
