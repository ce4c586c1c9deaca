"""The exact characteristic equation of an equilibrium of a delay model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynsys.errors import ConvergenceError


@dataclass(frozen=True)
class CharacteristicEquation:
    """det Delta(lambda) = 0 of x' = F_x x + F_u u, u_k(t) = (S_x x + S_u u)_k(t - tau_k).

    Delta = [[lambda I - F_x, -F_u], [-E S_x, I - E S_u]] with E = diag(exp(-lambda tau)).
    Shapes: F_x (n, n), F_u (n, k), S_x (k, n), S_u (k, k), tau (k,).
    """

    f_x: np.ndarray
    f_u: np.ndarray
    s_x: np.ndarray
    s_u: np.ndarray
    tau: np.ndarray

    def matrix(self, root: complex) -> np.ndarray:
        n, k = len(self.f_x), len(self.tau)
        decay = np.exp(-root * self.tau)[:, None]
        return np.block(
            [
                [root * np.eye(n) - self.f_x, -self.f_u],
                [-decay * self.s_x, np.eye(k) - decay * self.s_u],
            ]
        )

    def derivative(self, root: complex) -> np.ndarray:
        n, k = len(self.f_x), len(self.tau)
        decay = (self.tau * np.exp(-root * self.tau))[:, None]
        return np.block([[np.eye(n), np.zeros((n, k))], [decay * self.s_x, decay * self.s_u]])

    def polish(self, guess: complex, iterations: int = 40) -> complex:
        """The root next to a guess: Newton with step 1 / trace(Delta^-1 Delta')."""
        root = complex(guess)
        for _ in range(iterations):
            try:
                ratio = np.trace(np.linalg.solve(self.matrix(root), self.derivative(root)))
            except np.linalg.LinAlgError:
                return root  # exactly singular: this is a root
            if not np.isfinite(ratio) or ratio == 0:
                break
            step = 1.0 / ratio
            root -= step
            if abs(step) < 1e-14 * (1 + abs(root)):
                return root
        if abs(step) < 1e-10 * (1 + abs(root)):
            return root
        raise ConvergenceError(
            f"no characteristic root was found near {guess:.6g}: Newton's last step was {step:.2g}"
        )
