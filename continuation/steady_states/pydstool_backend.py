"""The same curves computed by PyDSTool's PyCont, as an independent check of our engine.

PyCont follows the curve with its own predictor, corrector and finite differences; only the field
and its Jacobian come from us. What is known to fail there is avoided: states and parameters are
scaled to order one (its difference steps are absolute), its random border vectors are drawn from
a fixed sequence and a curve whose points fail the defining equations is drawn again, Hopf points
are the zeros of a complex pair's real part on its curve (its own test misses most of them in many
variables), and what was computed before an exception is kept.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from scipy.optimize import brentq

from continuation.engine.following import Follower, Trace
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch, make_branch
from dynsys.errors import ConvergenceError, ModelError
from dynsys.exchange.pydstool import generator
from dynsys.exchange.pydstool_import import pydstool
from dynsys.exchange.pydstool_specification import pydstool_name

BACKENDS = ("dynsys", "pydstool")
_TYPES = {"equilibria": "EP-C", "fold curve": "LP-C", "hopf curve": "H-C2"}
_LOCATED = {"EP-C": ["LP"], "LP-C": ["CP", "BT"], "H-C2": ["BT"]}
_CHUNK = 60  # points between two looks at the span
_DRAWS = 12  # sequences of random border vectors that are tried
_TOLERANCE = 1e-8  # finite differences do not allow less


def check_backend(backend: str) -> bool:
    """Whether PyDSTool is to compute; ModelError for a backend that does not exist."""
    if backend not in BACKENDS:
        raise ModelError(f"there is no backend {backend!r}; use one of {', '.join(BACKENDS)}")
    return backend == "pydstool"


def compute(follower: Follower, starts: list[np.ndarray]) -> Branch:
    """The branch of ``follower``'s problem through scaled points, one piece each, by PyCont.

    Raises ConvergenceError where PyCont finds no curve from any start.
    """
    traces: list[Trace] = []
    points: list[SpecialPoint] = []
    ended: list[tuple[str, str]] = []
    for start in starts:
        if any(_near(trace.points, start) for trace in traces):
            continue
        trace, found, reasons = _Curve(follower, start).both_ways()
        points += [replace(p, piece=len(traces)) for p in found]
        traces.append(trace)
        ended.append(reasons)
    if not traces:
        raise ConvergenceError(
            f"no {follower.problem.name} of {follower.model.name} was found for PyDSTool; "
            "give a start, or ranges of the states that hold one"
        )
    return make_branch(follower, traces, points, ended)


def _near(points: np.ndarray, y: np.ndarray) -> bool:
    """Whether a point lies on a polyline, or less than two steps beyond its ends."""
    a, chord = points[:-1], np.diff(points, axis=0)
    square = np.maximum(np.sum(chord**2, axis=1), 1e-300)
    low, high = np.zeros(len(a)), np.ones(len(a))
    low[0], high[-1] = -2.0, 3.0  # PyCont steps over the end of a span, where it is cut off
    fraction = np.clip(np.sum((y - a) * chord, axis=1) / square, low, high)
    distance = np.linalg.norm(a + fraction[:, None] * chord - y, axis=1)
    return bool(np.any(distance < 0.05 * np.sqrt(square) + 1e-7))


class _Curve:
    """One curve from one start, in PyCont's variables: sorted states, parameters, omega^2."""

    def __init__(self, follower: Follower, start: np.ndarray) -> None:
        self.follower, self.start = follower, start
        model, n = follower.model, follower.n
        names = [pydstool_name(k) for k in model.state_names]
        self.order = np.argsort(names)
        self.names = [names[k] for k in self.order]
        self.free = [pydstool_name(k) for k in follower.names]
        self.kind = _TYPES[follower.problem.name]
        block = slice(n, n + len(follower.names))
        scales = dict(zip(follower.names, follower.scale[block].tolist(), strict=True))
        self.generator = generator(model, follower.scale[:n], scales)
        # PyCont's omega^2 belongs to the scaled system, which has the same spectrum: no scale.
        self.columns = np.concatenate([self.order, np.arange(n, follower.size)])

    def theirs(self, y: np.ndarray) -> np.ndarray:
        """A point of ours in their order."""
        x = y[self.columns].copy()
        if self.kind == "H-C2":
            x[-1] *= self.follower.scale[-1]
        return x

    def ours(self, x: np.ndarray) -> np.ndarray:
        """Points (..., N) of theirs in our order."""
        y = np.empty_like(x)
        y[..., self.columns] = x
        if self.kind == "H-C2":
            y[..., -1] /= self.follower.scale[-1]
        return y

    def both_ways(self) -> tuple[Trace, list[SpecialPoint], tuple[str, str]]:
        """Trace, special points and reasons of the curve through the start."""
        why = ""
        for draw in range(_DRAWS):
            with _drawn(draw):
                backward, behind, first = self._follow("backward")
                forward, ahead, last = self._follow("forward")
            points = np.concatenate([backward[::-1][:-1], forward])
            why = first if len(backward) < 2 else last
            if len(points) > 1 and self._worst(points) < 1e-5:
                found = sorted(behind + ahead, key=lambda p: self._position(points, p))
                return self._trace(points), found, (first, last)
            if self.kind == "EP-C":
                break  # nothing is random there
        raise ConvergenceError(
            f"PyDSTool found no {self.follower.problem.name} of {self.follower.model.name} from "
            f"this start ({why})"
        )

    def _worst(self, points: np.ndarray) -> float:
        """Largest distance of the points from our defining equations, after one Newton step."""
        worst = 0.0
        border = self.follower.border.copy()
        for y in points[:: max(1, len(points) // 20)]:
            if self.kind == "EP-C":
                worst = max(worst, float(np.max(np.abs(self.follower.evaluate(y)[0]))))
            else:
                values = np.linalg.eigvals(self.follower.jacobian(y))
                critical = 1j * np.sqrt(complex(y[-1] * self.follower.scale[-1]))
                critical = critical if self.kind == "H-C2" else 0.0
                worst = max(
                    worst, float(np.min(np.abs(values - critical)) / np.max(np.abs(values)))
                )
        self.follower.border[:] = border
        return worst

    # --- one direction ------------------------------------------------------------------------

    def _follow(self, direction: str) -> tuple[np.ndarray, list[SpecialPoint], str]:
        dst, settings = pydstool(), self.follower.settings
        begin = dict(zip([*self.names, *self.free], self.theirs(self.start).tolist(), strict=False))
        curves = dst.ContClass(self.generator)
        curves.newCurve(
            dst.args(
                name="C", type=self.kind, freepars=list(self.free), initpoint=begin,
                StepSize=settings.step, MaxStepSize=settings.step_max,
                MinStepSize=max(settings.step_min, 1e-8), MaxNumPoints=_CHUNK,
                LocBifPoints=list(_LOCATED[self.kind]), VarTol=_TOLERANCE, FuncTol=_TOLERANCE,
                TestTol=1e-9, MaxTestIters=40, MaxCorrIters=8, verbosity=0,
            )
        )  # fmt: skip
        curve = curves["C"]
        rows, points = [self.start[None, :]], []
        reason = f"PyDSTool reached {settings.max_points} points"
        while sum(map(len, rows)) < settings.max_points:
            count = 0 if curve.sol is None else len(curve.sol)
            try:
                with _silence():
                    getattr(curve, direction)()
            except Exception as error:  # PyCont raises whatever happens to fail inside
                kept = getattr(curve, "curve", np.empty((0, 0)))[: getattr(curve, "loc", -1) + 1]
                reason = f"PyDSTool stopped: {type(error).__name__}: {str(error)[:80]}"
                if len(kept) > 1:
                    rows.append(self._inside(self.ours(kept[1:]))[0])
                    points += self._hopf_points(curve, rows[-1])
                break
            computed = self.ours(np.array(curve.curve[: curve.loc + 1]))
            part, left = self._inside(computed[1:])
            rows.append(part)
            points += self._hopf_points(curve, np.concatenate([rows[-2][-1:], part]))
            if left:
                reason = "reached the end of the span"
                break
            if len(curve.sol) <= count + 1 or len(part) < 2:
                reason = "PyDSTool stopped: the corrector failed (MX)"
                break
        y = np.concatenate(rows)
        return y, points + self._located(curve, y), reason

    def _inside(self, y: np.ndarray) -> tuple[np.ndarray, bool]:
        """The points before the first one outside the span, and whether there is one."""
        follower = self.follower
        block = slice(follower.n, follower.n + len(follower.names))
        low, high = follower.lower[block] - 1e-9, follower.upper[block] + 1e-9
        outside = np.any((y[:, block] < low) | (y[:, block] > high), axis=1)
        if self.kind == "H-C2":
            outside |= y[:, -1] < -1e-6  # neutral saddles are no Hopf points
        if not outside.any():
            return y, False
        return y[: int(np.argmax(outside))], True

    # --- special points -----------------------------------------------------------------------

    def _located(self, curve: Any, y: np.ndarray) -> list[SpecialPoint]:
        found = []
        for label in _LOCATED[self.kind] if curve.sol is not None else ():
            number = 1
            while True:
                try:
                    point = curve.getSpecialPoint(f"{label}{number}")
                except KeyError:  # PyCont gives one name twice
                    point = None
                if point is None:
                    break
                extra = ["_k"] if self.kind == "H-C2" else []
                names = [*self.names, *self.free, *extra]  # its point sets are in another order
                x = self.ours(np.array([float(point[k]) for k in names]))
                # Beyond the end of the span PyCont may have come back into it.
                if not self._inside(x[None, :])[1] and _near(y, x):
                    found.append(self._special(x, label))
                number += 1
        return found

    def _special(self, y: np.ndarray, label: str) -> SpecialPoint:
        follower = self.follower
        model, state = follower.at(y), follower.state(y)
        spectrum = np.linalg.eigvals(model.jacobian(state))
        pair = spectrum[np.argmin(np.abs(spectrum.real) + 1e9 * (spectrum.imag == 0))]
        turning = label == "H" or self.kind == "H-C2"
        return SpecialPoint(
            label=label, state=state, parameters=dict(model.parameters),
            eigenvalues=spectrum[np.argsort(-spectrum.real)], model=model, free=follower.names,
            frequency=abs(pair.imag) / (2 * np.pi) * model.frequency_factor if turning else None,
            certificate={"residual": float(np.max(np.abs(follower.evaluate(y)[0][: follower.n])))},
        )  # fmt: skip

    def _hopf_points(self, curve: Any, y: np.ndarray) -> list[SpecialPoint]:
        """Zeros of a complex pair's real part between successive points of PyCont's curve."""
        if self.kind != "EP-C":
            return []
        points = [self.theirs(row) for row in y]
        spectra = [self._spectrum(curve, x) for x in points]
        counts = [_complex_unstable(values) for values in spectra]
        found = []
        for k in range(len(points) - 1):
            if counts[k] == counts[k + 1] or abs(counts[k] - counts[k + 1]) % 2:
                continue
            with _silence():
                at = self._zero(curve, points[k], points[k + 1])
            if at is not None:
                found.append(self._special(self.ours(at), "H"))
        return found

    def _spectrum(self, curve: Any, x: np.ndarray) -> np.ndarray:
        return np.linalg.eigvals(np.asarray(curve.sysfunc.jac(x, curve.coords)))

    def _zero(self, curve: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
        def at(fraction: float) -> np.ndarray:
            x, v = a + fraction * (b - a), (b - a) / np.linalg.norm(b - a)
            curve.Corrector(x, v)
            return x

        def real_part(fraction: float) -> float:
            values = self._spectrum(curve, at(fraction))
            pairs = values[np.abs(values.imag) > 1e-9 * np.max(np.abs(values))]
            return float(pairs[np.argmin(np.abs(pairs.real))].real) if len(pairs) else np.nan

        try:
            left, right = real_part(0.0), real_part(1.0)
            if not left * right < 0:  # a pair that became real on the way: no Hopf point
                return None
            zero = brentq(real_part, 0.0, 1.0, xtol=1e-13, rtol=1e-13)
            # Two real eigenvalues that become a pair let the nearest pair jump across zero.
            size = np.max(np.abs(self._spectrum(curve, a)))
            return at(zero) if abs(real_part(zero)) < 1e-6 * size else None
        except (ValueError, np.linalg.LinAlgError):
            return None

    # --- as our own data ----------------------------------------------------------------------

    def _position(self, points: np.ndarray, special: SpecialPoint) -> int:
        follower = self.follower
        values = [special.parameters[k] for k in follower.names]
        y = follower.scaled(special.state, *values, *np.zeros(follower.problem.extra))
        known = follower.n + len(values)
        return int(np.argmin(np.linalg.norm(points[:, :known] - y[:known], axis=1)))

    def _trace(self, points: np.ndarray) -> Trace:
        spectra = [np.linalg.eigvals(self.follower.jacobian(y)) for y in points]
        tangents = np.gradient(points, axis=0)
        tangents /= np.linalg.norm(tangents, axis=1)[:, None]
        return Trace(points, tangents, np.array(spectra, complex), np.ones(len(points)), 0, 0)


def _complex_unstable(values: np.ndarray) -> int:
    size = np.max(np.abs(values))
    return int(np.sum((values.real > 0) & (np.abs(values.imag) > 1e-9 * size)))


@contextmanager
def _drawn(seed: int) -> Iterator[None]:
    """Let PyCont's random border vectors come from a sequence of ours, not from numpy's."""
    module: Any = import_module("PyDSTool.PyCont.TestFunc")
    kept, module.random = module.random, np.random.default_rng(seed).random
    try:
        yield
    finally:
        module.random = kept


@contextmanager
def _silence() -> Iterator[None]:
    """PyCont prints and warns about what it also raises or labels."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
