"""All characteristic roots of a graph right of a line, each with its mode.

Contour integrals of T^-1 (Beyn 2012, Linear Algebra Appl 436:3839) around rectangles give guesses
for all roots inside, which Newton makes exact. The argument principle counts the roots; a rectangle
in which not all were found is halved.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from continuation.graphs.linearization import Linearization
from continuation.graphs.node_roots import Root, roots_of_nodes
from continuation.steady_states.winding import turns
from dynsys.errors import ConvergenceError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_RANK = 1e-9  # of the largest singular value: what is smaller is no root
_WHOLE = 0.02  # distance of a contour integral from the whole number it must be
_HALVINGS = 40
_MARGIN = 0.02  # around a rectangle, from where a guess may still move inside
_FIRST, _FURTHER, _ASIDE = 1e-3, 2.0, 1.037  # where the line of ``rightmost`` begins and goes


class Tile(NamedTuple):
    """A rectangle; one with ``low`` < 0 is its own mirror image."""

    left: float
    right: float
    low: float
    high: float

    def corners(self) -> list[complex]:
        return [
            complex(self.left, self.low), complex(self.right, self.low),
            complex(self.right, self.high), complex(self.left, self.high),
        ]  # fmt: skip

    def holds(self, z: complex) -> bool:
        return self.left < z.real < self.right and self.low < z.imag < self.high

    def wider(self, part: float) -> Tile:
        x, y = part * (self.right - self.left), part * (self.high - self.low)
        return Tile(self.left - x, self.right + x, self.low - y, self.high + y)

    def halves(self) -> list[Tile]:
        """Two parts; of what is its own mirror image, the middle and the part above."""
        width, height = self.right - self.left, self.high - max(self.low, 0.0)
        if width > height:
            middle = self.left + 0.4871 * width
            return [self._replace(right=middle), self._replace(left=middle)]
        middle = max(self.low, 0.0) + 0.4871 * height
        if self.low < 0:
            return [self._replace(low=-middle, high=middle), self._replace(low=middle)]
        return [self._replace(high=middle), self._replace(low=middle)]


def count_right_of(linear: Linearization, re_min: float) -> int:
    """Number of roots with real part above ``re_min``, with multiplicity.

    Raises ConvergenceError where one lies on the line, or infinitely many may lie right of it.
    """
    top = _checked_bound(linear, re_min)
    if re_min >= top:
        return 0

    def determinants(z: complex) -> tuple[np.ndarray, np.ndarray]:
        found, _ = linear.determinants(z)
        return found.signs, found.slopes

    return round(float(np.sum(turns(determinants, re_min, top, top))))


def roots_right_of(linear: Linearization, re_min: float) -> list[Root]:
    """All roots with real part above ``re_min``, rightmost first, pairs together.

    Raises ConvergenceError where they could not be told apart from the line, or may be infinitely
    many.
    """
    top = _checked_bound(linear, re_min)
    if re_min >= top:
        return []
    hidden = roots_of_nodes(linear, re_min)
    found: list[Root] = []
    waiting = [(Tile(re_min, top, -top, top), 0)]
    while waiting:
        tile, depth = waiting.pop()
        inside = _roots_in(linear, tile, [h for h in hidden if tile.holds(h.value)])
        if inside is not None:
            found += inside
        elif depth < _HALVINGS:
            waiting += [(part, depth + 1) for part in tile.halves()]
        else:
            raise ConvergenceError(
                f"the roots near {complex(tile.left, tile.low):.6g} could not be told from the "
                f"line at {re_min:.6g}; look a little left or right of it"
            )
    found += [Root(r.value.conjugate(), r.vector.conj()) for r in found if _above(r, found)]
    return sorted(found, key=lambda r: (-round(r.value.real, 11), -r.value.imag))


def rightmost(linear: Linearization, count: int) -> list[Root]:
    """The rightmost roots, at least ``count`` where there are so many, rightmost first."""
    line = -_FIRST * linear.bound(0.0)
    most = np.inf if linear.delays else linear.count * linear.n
    while True:
        try:
            enough = count_right_of(linear, line) >= min(count, most)
        except ConvergenceError:
            if not np.isfinite(linear.bound(line)):  # as many as can be told
                return roots_right_of(linear, line / _FURTHER)
            line *= _ASIDE
            continue
        if enough:
            return roots_right_of(linear, line)
        line *= _FURTHER


def _above(root: Root, found: list[Root]) -> bool:
    """Whether the conjugate of a root, from a tile above the axis, is not in the list."""
    return root.value.imag > 0 and not any(
        other.value.imag < 0 and abs(other.value.conjugate() - root.value) < 1e-7 * abs(root.value)
        for other in found
    )


def _checked_bound(linear: Linearization, re_min: float) -> float:
    top = linear.bound(re_min)
    if not np.isfinite(top):
        raise ConvergenceError(
            f"signals that answer one another at once may have infinitely many roots right of "
            f"{re_min:g}; choose a larger re_min"
        )
    return top * 1.01 + 1e-9


def _roots_in(linear: Linearization, tile: Tile, hidden: list[Root]) -> list[Root] | None:
    """The roots in a tile; None where they are not as many as the argument principle counts."""
    size = linear.wires.size
    moments = np.zeros((2, size, size), complex)
    turned = np.zeros(linear.count + 1, complex)
    center = complex((tile.left + tile.right) / 2, (tile.low + tile.high) / 2)
    scale = max(tile.right - tile.left, tile.high - tile.low) / 2
    for z, weight in _contour(tile):
        found, inverse = linear.determinants(z)
        turned += weight * found.slopes
        moments[0] += weight * inverse
        moments[1] += weight * (z - center) / scale * inverse
    if tile.low < 0:  # the lower half is the mirror image, passed the other way
        turned, moments = turned - turned.conj(), moments - moments.conj()
    turned, moments = turned / (2j * np.pi), moments / (2j * np.pi)
    if np.max(np.abs(turned - np.round(turned.real))) > _WHOLE:
        return None
    wanted = round(float(np.sum(turned.real))) - len(hidden)
    if wanted <= 0:
        return hidden if wanted == 0 else None
    guesses = [(center + scale * z, mode) for z, mode in _guesses(*moments)]
    guesses = [(z, mode) for z, mode in guesses if tile.wider(_MARGIN).holds(z)]
    if len(guesses) < wanted:
        return None
    return _polished(linear, tile, guesses, wanted, hidden)


def _polished(
    linear: Linearization, tile: Tile, guesses: list[tuple[complex, np.ndarray]], wanted: int,
    hidden: list[Root],
) -> list[Root] | None:  # fmt: skip
    """The exact roots next to the guesses, with the hidden ones; None where some are missing."""
    result: list[Root] = []
    for z, mode in guesses:
        try:
            vector = linear.responses(z) @ mode.reshape(linear.count, linear.w, 1)
            root = Root(*linear.polish(z, vector.ravel()))
        except (ConvergenceError, np.linalg.LinAlgError):
            return None
        if any(same(root, other) for other in result):
            return None
        own = any(abs(root.value - h.value) < 1e-8 * (1e-3 + abs(h.value)) for h in hidden)
        if tile.holds(root.value) and not own:
            result.append(root)
    return hidden + result if len(result) == wanted else None


def same(one: Root, other: Root) -> bool:
    """Whether two roots are one: equal in value and mode."""
    near = abs(one.value - other.value) < 1e-9 * (1e-3 + abs(one.value))
    return near and abs(np.vdot(one.vector, other.vector)) > 1 - 1e-6


def _contour(tile: Tile) -> list[tuple[complex, complex]]:
    """Places and weights of Gauss-Legendre quadrature around a tile, its upper half if mirrored."""
    corners = tile.corners()
    result = []
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        middle, half = (start + end) / 2, (end - start) / 2
        result += [(middle + half * t, half * w) for t, w in zip(_NODES, _WEIGHTS, strict=True)]
    return [(z, weight) for z, weight in result if tile.low >= 0 or z.imag > 0]


def _guesses(zeroth: np.ndarray, first: np.ndarray) -> list[tuple[complex, np.ndarray]]:
    """Roots and modes from the moments of T^-1."""
    left, sizes, right = np.linalg.svd(zeroth)
    rank = int(np.sum(sizes > _RANK * max(sizes[0], 1e-300)))
    if not rank or sizes[0] < 1e-12:
        return []
    left, right = left[:, :rank], right[:rank].conj().T
    values, vectors = np.linalg.eig(left.conj().T @ first @ right / sizes[:rank])
    return list(zip(values.tolist(), (left @ vectors).T, strict=True))
