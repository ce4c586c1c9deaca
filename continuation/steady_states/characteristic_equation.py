"""The exact characteristic equation of an equilibrium of a delay model.

Eigenvalues of the model's transport lines converge to its roots as nodes are added; here the roots
are exact. Method: guesses from a Chebyshev discretization (Breda, Maset & Vermiglio 2005, SIAM J.
Sci. Comput. 27:482), then Newton on det Delta(lambda) = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from continuation.steady_states.winding import turns
from dynsys.delays import chebyshev_nodes, differentiation_matrix
from dynsys.errors import ConvergenceError, ModelError

STEP_TOLERANCE = 1e-13
SINGULAR = 1e-12
LARGEST_ORDER = 256


@dataclass(frozen=True, eq=False)
class CharacteristicEquation:
    """det Delta(lambda) = 0 of x' = F_x x + F_u u, u_k(t) = (S_x x + S_u u)_k(t - tau_k).

    Delta = [[lambda I - F_x, -F_u], [-E S_x, I - E S_u]] with E = diag(exp(-lambda tau)).

    Parameters
    ----------
    f_x, f_u : (n, n), (n, k) derivatives of the field by the states and by the delayed signals.
    s_x, s_u : (k, n), (k, k) derivatives of the signals; s_u where signals contain delayed ones.
    tau : (k,) delays, positive, in the model's time unit; roots are in its inverse.

    A loop of signals alone (s_u with a nonzero eigenvalue s) adds infinitely many roots near
    Re lambda = log|s| / tau; it makes the equation neutral, and no list of roots right of a line
    left of that is complete.

    Raises ModelError for shapes that do not fit and delays that are not positive.

    Example
    -------
    >>> hutchinson = CharacteristicEquation.from_delays([[0.0]], [[[-1.5]]], [1.0])
    >>> hutchinson.polish(1.5j)
    (-0.0327837...+1.5496438...j)
    """

    f_x: np.ndarray
    f_u: np.ndarray
    s_x: np.ndarray
    s_u: np.ndarray
    tau: np.ndarray

    def __post_init__(self) -> None:
        for name in ("f_x", "f_u", "s_x", "s_u", "tau"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=float))
        n, k = len(self.f_x), len(self.tau)
        for name, shape in {"f_x": (n, n), "f_u": (n, k), "s_x": (k, n), "s_u": (k, k)}.items():
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise ModelError(
                    f"{name} has shape {found}; {n} states and {k} delays need {shape}"
                )
        if not (np.all(self.tau > 0) and np.all(np.isfinite(self.tau))):
            raise ModelError(f"delays must be positive and finite; they are {self.tau.tolist()}")

    @classmethod
    def from_delays(
        cls, instant: ArrayLike, delayed: Sequence[ArrayLike], tau: Sequence[float]
    ) -> CharacteristicEquation:
        """Of x' = A0 x + sum_k A_k x(t - tau_k): ``instant`` A0 (n, n), ``delayed`` the A_k."""
        start, count = np.asarray(instant, float), len(delayed)
        n = len(start)
        f_u = np.hstack([np.asarray(a, float) for a in delayed])
        s_x = np.tile(np.eye(n), (count, 1))
        return cls(start, f_u, s_x, np.zeros((n * count, n * count)), np.repeat(tau, n))

    def matrix(self, root: complex) -> np.ndarray:
        """Delta(lambda), (n + k, n + k) complex."""
        n, k = len(self.f_x), len(self.tau)
        decay = np.exp(-root * self.tau)[:, None]
        return np.block(
            [
                [root * np.eye(n) - self.f_x, -self.f_u],
                [-decay * self.s_x, np.eye(k) - decay * self.s_u],
            ]
        )

    def derivative(self, root: complex) -> np.ndarray:
        """d Delta / d lambda, (n + k, n + k) complex."""
        n, k = len(self.f_x), len(self.tau)
        decay = (self.tau * np.exp(-root * self.tau))[:, None]
        return np.block([[np.eye(n), np.zeros((n, k))], [decay * self.s_x, decay * self.s_u]])

    def residual(self, root: complex) -> float:
        """Smallest over largest singular value of Delta: zero, up to rounding, at a root."""
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = self.matrix(root)
        if not np.all(np.isfinite(matrix)):  # far on the left
            return np.inf
        sizes = np.linalg.svd(matrix, compute_uv=False)
        return float(sizes[-1] / sizes[0])

    def polish(self, guess: complex, iterations: int = 40) -> complex:
        """The root next to a guess: Newton with step 1 / trace(Delta^-1 Delta').

        Raises ConvergenceError where Newton finds none.
        """
        root, step = complex(guess), complex(np.inf)
        for _ in range(iterations):
            with np.errstate(over="ignore", invalid="ignore"):  # Newton may leave for the far left
                ratio = self._logarithmic_derivative(root)
            if np.isinf(ratio):
                return root
            if np.isnan(ratio) or ratio == 0:
                break
            step = 1.0 / ratio
            root -= step
            if abs(step) < STEP_TOLERANCE * (1 + abs(root)):
                return root
        # A multiple root is approached slowly and ends in rounding; it is a root all the same.
        if np.isfinite(root) and self.residual(root) < SINGULAR:
            return root
        raise ConvergenceError(
            f"no characteristic root was found near {guess:.6g}: Newton's last step was "
            f"{abs(step):.2g} after {iterations} at most; start closer, for instance from "
            "pseudospectral_roots()"
        )

    def pseudospectral_roots(self, order: int = 20) -> np.ndarray:
        """Approximate roots, rightmost first: every signal on a line of ``order`` + 1 nodes.

        Equal signals with several delays share the line of the longest, between whose nodes the
        others are interpolated. Roots with |lambda| tau well below ``order`` converge spectrally;
        the others are artefacts.
        """
        n = len(self.f_x)
        group, first, tau = self._lines()
        lines = len(tau)
        inner, rest, ends = self._interpolation(order, group, tau)
        s_x, s_u = self.s_x[first], self.s_u[first]
        # Signals by states and lines; a delayed value may depend on the present of its line.
        solve = np.linalg.inv(np.eye(lines) - s_u @ ends)
        by_x, by_y = solve @ s_x, solve @ s_u @ rest
        u_x, u_y = ends @ by_x, rest + ends @ by_y
        a = np.zeros((n + order * lines, n + order * lines))
        a[:n, :n], a[:n, n:] = self.f_x + self.f_u @ u_x, self.f_u @ u_y
        for line in range(lines):
            rows = slice(n + order * line, n + order * (line + 1))
            a[rows, rows] = inner[:, 1:] / tau[line]
            a[rows, :n] += np.outer(inner[:, 0], by_x[line]) / tau[line]
            a[rows, n:] += np.outer(inner[:, 0], by_y[line]) / tau[line]
        return _rightmost_first(np.linalg.eigvals(a))

    def _lines(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The line of every signal (k,), a signal of every line, and the longest delay of each."""
        rows = np.hstack([self.s_x, self.s_u])
        known: dict[bytes, int] = {}
        group = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], dtype=int)
        first = np.array([np.flatnonzero(group == g)[0] for g in range(len(known))], dtype=int)
        tau = np.array([self.tau[group == g].max() for g in range(len(known))])
        return group, first, tau

    def _interpolation(
        self, order: int, group: np.ndarray, tau: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Derivatives on a line, and delayed values by the nodes of all lines and by their ends."""
        theta = chebyshev_nodes(order)
        weight = (-1.0) ** np.arange(order + 1)
        weight[[0, -1]] /= 2
        k = len(self.tau)
        rest, ends = np.zeros((k, order * len(tau))), np.zeros((k, len(tau)))
        for row, (line, delay) in enumerate(zip(group, self.tau, strict=True)):
            distance = -delay / tau[line] - theta
            if np.min(np.abs(distance)) < 1e-14:
                value = (np.abs(distance) < 1e-14).astype(float)
            else:
                value = weight / distance / np.sum(weight / distance)
            ends[row, line] = value[0]
            rest[row, order * line : order * (line + 1)] = value[1:]
        return differentiation_matrix(order)[1:], rest, ends

    def roots(self, guesses: Iterable[complex] | None = None) -> np.ndarray:
        """Exact roots next to the guesses, each once, rightmost first.

        Guesses from which Newton finds nothing are dropped; by default the pseudospectral roots.
        """
        found: list[complex] = []
        for guess in self.pseudospectral_roots() if guesses is None else guesses:
            try:
                root = self.polish(guess)
            except ConvergenceError:
                continue
            if all(abs(root - other) > 1e-8 * (1 + abs(root)) for other in found):
                found.append(root)
        return _rightmost_first(np.array(found, complex))

    def roots_right_of(self, re_min: float, order: int = 12) -> np.ndarray:
        """All roots with real part above ``re_min``, rightmost first.

        The order of the discretization is doubled until it finds no further root. Raises
        ConvergenceError where that does not happen, as with a neutral equation.
        """
        before = None
        while order <= LARGEST_ORDER:
            guesses = self.pseudospectral_roots(order)
            margin = 0.5 * (1 + abs(re_min))
            found = self.roots(guesses[guesses.real > re_min - margin])
            found = found[found.real > re_min]
            if before is not None and len(found) == len(before):
                return found
            before, order = found, 2 * order
        raise ConvergenceError(
            f"the roots right of {re_min:g} still increase in number at order {order // 2} "
            f"({0 if before is None else len(before)} so far): there may be infinitely many; "
            "choose a larger re_min"
        )

    def count(self, re_min: float, im_max: float) -> int:
        """Number of roots with Re > ``re_min``, |Im| < ``im_max``, with multiplicity.

        By the argument principle around the rectangle, whose right side lies where no root can be.
        Raises ConvergenceError where a root lies on its border.
        """
        re_max = max(self._largest_real_part(), re_min) + 1.0
        return round(float(turns(self._determinant, re_min, re_max, im_max)[0]))

    def _largest_real_part(self) -> float:
        """An upper bound of the real part of every root."""
        loop, fastest = np.linalg.norm(self.s_u, 2), np.min(self.tau, initial=np.inf)
        start = np.log(2 * loop) / fastest if loop > 0.5 else 0.0
        through = 2 * np.linalg.norm(self.f_u, 2) * np.linalg.norm(self.s_x, 2)
        return float(max(start, np.linalg.norm(self.f_x, 2) + through))

    def _determinant(self, z: complex) -> tuple[np.ndarray, np.ndarray]:
        """Sign (a unit number) and logarithmic derivative of det Delta, (1,)."""
        sign = np.linalg.slogdet(self.matrix(z))[0]
        return np.array([sign]), np.array([self._logarithmic_derivative(z)])

    def _logarithmic_derivative(self, root: complex) -> complex:
        """trace(Delta^-1 Delta'); infinite at a root."""
        try:
            return complex(np.trace(np.linalg.solve(self.matrix(root), self.derivative(root))))
        except np.linalg.LinAlgError:
            return complex(np.inf)


def _rightmost_first(roots: np.ndarray) -> np.ndarray:
    """Sorted by falling real part, of a pair the one above the axis first."""
    return roots[np.lexsort([-roots.imag, -np.round(roots.real, 12)])]
