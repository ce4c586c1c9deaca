"""Roots of det(1 - G(lambda)) = 0: how many right of a line, and the rightmost.

The count is that of the argument principle on a vertical line (Nyquist's criterion): 1 - G has no
poles to its right as long as every perturbation of uncoupled neurons decays faster than the line
says, and tends to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from continuation.asynchronous.loop import SLOW, Loop
from dynsys.errors import ConvergenceError

_SLOWEST, _FASTEST = SLOW, 2 * np.pi  # rad/ms, up to 1 kHz
_FIRST, _NODES = 1e-4, 40
_COARSE = 0.7  # change of the determinant between nodes, relative to its size, that is too large
_NARROWEST = 1e-9  # rad/ms between two nodes: a root on the line
_DIFFERENCE = 1e-5  # 1/ms, of derivatives by lambda
_STEP = 1e-12  # Newton's last step, relative to 1/ms and the root
_MARGIN = 1e-4  # 1/ms to the right of the rightmost root where none may be
_DEEPEST, _ROUNDS = 3, 30
_LEFT = 0.03  # 1/ms from a line to the next on the left
_LONGEST = 0.05  # 1/ms, of Newton's steps


def scanned(loop: Loop, real_part: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Nodes w (k,) from almost 0 up, and the determinant (k,) at ``real_part`` + i w.

    Between two nodes it changes by less than 0.7 of its size, its argument by less than 45 degrees.

    Raises ConvergenceError where a root lies on the line.
    """
    nodes = np.concatenate([[_SLOWEST], np.geomspace(_FIRST, _FASTEST, _NODES)])
    values = loop.determinant(real_part + 1j * nodes)
    while True:
        smaller = np.minimum(np.abs(values[1:]), np.abs(values[:-1]))
        wide = np.flatnonzero(np.abs(np.diff(values)) > _COARSE * smaller)
        if not len(wide):
            return nodes, values
        added = (nodes[wide] + nodes[wide + 1]) / 2
        if np.min(nodes[wide + 1] - nodes[wide]) < _NARROWEST:
            where = f"{real_part:.6g} + {added[0]:.6g}i"
            raise ConvergenceError(f"a root of the asynchronous state lies at {where} 1/ms")
        nodes = np.insert(nodes, wide + 1, added)
        values = np.insert(values, wide + 1, loop.determinant(real_part + 1j * added))


def turns(values: np.ndarray) -> int:
    """Roots right of the line on which ``scanned`` found these values."""
    steps = np.angle(values[1:] / values[:-1])
    # What remains beyond the last node: the determinant goes on to 1.
    return round(float(np.angle(values[-1]) - steps.sum()) / np.pi)


def count(loop: Loop, right_of: float = 0.0) -> int:
    """Number of roots with real part above ``right_of`` (1/ms), complex ones in pairs."""
    return turns(scanned(loop, right_of)[1])


def polished(loop: Loop, guess: complex, iterations: int = 40) -> complex | None:
    """The root next to a guess by Newton's method; None where it finds none."""
    return polished_together(loop, [guess], iterations)[0]


def polished_together(
    loop: Loop, guesses: Sequence[complex], iterations: int = 40
) -> list[complex | None]:
    """The root next to each guess, each by itself, but evaluated together, which costs little more
    than one."""
    roots = np.array(guesses, dtype=complex)
    found: list[complex | None] = [None] * len(roots)
    left = np.arange(len(roots))
    for _ in range(iterations):
        around = roots[left][:, None] + np.array([0.0, _DIFFERENCE, -_DIFFERENCE])
        with np.errstate(all="ignore"):  # Newton may leave for the far left
            values = loop.determinant(around.ravel()).reshape(-1, 3)
            steps = values[:, 0] * 2 * _DIFFERENCE / (values[:, 1] - values[:, 2])
        going = []
        for k, step, value in zip(left, steps, values[:, 0], strict=True):
            if not np.isfinite(step):
                continue
            roots[k] -= step if abs(step) < _LONGEST else step * _LONGEST / abs(step)
            if abs(step) < _STEP * (1 + abs(roots[k])) or abs(value) < 1e-14:
                found[k] = complex(roots[k].real, abs(roots[k].imag))
            else:
                going.append(k)
        left = np.array(going, dtype=int)
        if not len(left):
            break
    return found


def leading_root(loop: Loop) -> complex:
    """The rightmost root, of a pair the one above the axis; 1/ms.

    It is sought by responses on one grid, and polished by those extrapolated from two.

    Raises ConvergenceError where none is found, or others must be further right.
    """
    root = _rightmost(replace(loop, extrapolated=False))
    fine = polished(loop, root)
    return _rightmost(loop) if fine is None or abs(fine - root) > _MARGIN else fine


def _rightmost(loop: Loop) -> complex:
    """The rightmost root.

    Newton's method from the deepest dips of the determinant along vertical lines. From far away it
    passes by roots, and left of the poles of synapses and neurons the count is no proof: the lines
    go left until the rightmost root found is next to one. No root may be right of it, or the next
    line goes through it.
    """
    line, found = 0.0, list[complex]()
    for _ in range(_ROUNDS):
        try:
            nodes, values = scanned(loop, line)
        except ConvergenceError:  # at a bifurcation
            line += _MARGIN
            nodes, values = scanned(loop, line)
        dips = _dips(np.abs(values))
        # Real roots hide behind deeper dips elsewhere: the lowest node is always asked.
        chosen = dips[:_DEEPEST] if not found else dips
        for root in _polished_in_turn(
            loop, line, nodes[list(dict.fromkeys([*chosen.tolist(), 0]))]
        ):
            if root is None or (found and root.real <= max(r.real for r in found)):
                continue
            found.append(root)
            # The first beside which nothing is further right is the one.
            if root.real > line - _LEFT and count(loop, root.real + _MARGIN) <= 0:
                return root
        best = max(found, key=lambda root: root.real, default=None)
        if best is None or best.real < line - _LEFT:
            line -= _LEFT
        elif best.real < line and count(loop, best.real + _MARGIN) <= 0:
            return best
        else:
            line = max(line, best.real + _MARGIN)
    raise ConvergenceError(
        "the rightmost root of the asynchronous state was not found"
        + (f"; the rightmost known, {best:.6g} 1/ms, has others to its right" if found else "")
    )


def _polished_in_turn(loop: Loop, line: float, nodes: np.ndarray) -> Iterator[complex | None]:
    """The roots next to nodes of a line: the first alone, which often is the one, then the rest."""
    guesses = (line + 1j * nodes).tolist()
    yield polished(loop, guesses[0])
    yield from polished_together(loop, guesses[1:])


def _dips(sizes: np.ndarray) -> np.ndarray:
    """Indices of local minima, the first node included, the deepest first."""
    padded = np.concatenate([[np.inf], sizes, [np.inf]])
    found = np.flatnonzero((padded[1:-1] <= padded[:-2]) & (padded[1:-1] < padded[2:]))
    return found[np.argsort(sizes[found])]
