"""Roots of nodes alone that are roots of the whole graph.

The reduced equation det(I - W H) = 0 does not show them: a node's mode that sends nothing or hears
nothing, and modes of equal nodes whose signals cancel wherever they arrive (as the synchronous one
of a diffusive coupling).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from continuation.graphs.linearization import Linearization
from continuation.steady_states.characteristic_equation import CharacteristicEquation

_ZERO = 1e-9  # of the sizes of signals and weights: weaker links are none
_ALIKE = 1e-9  # distance of node roots that are taken for one
_CIRCLE, _PLACES = 1e-6, 16  # around such a root, on which its multiplicity is counted


class Root(NamedTuple):
    """A characteristic root and its vector (N q,), of length one."""

    value: complex
    vector: np.ndarray


def roots_of_nodes(linear: Linearization, re_min: float) -> list[Root]:
    """The nodes' own roots right of a line that are the graph's, as often as they are."""
    result = []
    for value, members in _grouped(linear, re_min):
        vectors = _null_vectors(linear, value, members)
        if len(vectors):
            times = _multiplicity(linear, value)
            # Of a Jordan block there are fewer vectors than roots.
            result += [Root(value, vectors[k % len(vectors)]) for k in range(times)]
    return result


def _grouped(linear: Linearization, re_min: float) -> list[tuple[complex, list[int]]]:
    """Roots of the nodes whose input is held, each with the nodes that have it."""
    n, w = linear.n, linear.w
    keep = np.r_[0:n, n + w : linear.q]
    known: dict[bytes, np.ndarray] = {}
    groups: list[tuple[complex, list[int]]] = []
    for j, (block, tau) in enumerate(zip(linear.jacobian, linear.tau, strict=True)):
        own = block[np.ix_(keep, keep)]
        key = own.round(12).tobytes() + tau.tobytes()
        if key not in known:
            equation = CharacteristicEquation(
                own[:n, :n], own[:n, n:], own[n:, :n], own[n:, n:], tau
            )
            known[key] = equation.roots_right_of(re_min)
        for root in known[key].tolist():
            near = [g for g in groups if abs(g[0] - root) <= _ALIKE * (1e-3 + abs(root))]
            if near:
                near[0][1].append(j)
            else:
                groups.append((root, [j]))
    return groups


def _null_vectors(linear: Linearization, root: complex, members: list[int]) -> np.ndarray:
    """Vectors (k, N q) with Delta v = 0 at a root of the member nodes.

    v = V c + D^+ P W s, where the signals s = G v must not push the members' modes: U* P W s = 0.
    """
    count, w = linear.count, linear.w
    slots = slice(linear.n, linear.n + w)
    blocks = linear.node_blocks(root)
    inverses = np.empty_like(blocks)
    rest = np.setdiff1d(np.arange(count), members)
    inverses[rest] = np.linalg.inv(blocks[rest])
    left, sizes, right = np.linalg.svd(blocks[members])
    v, u = right[:, -1].conj(), left[:, :, -1]
    # Of each member all but the direction that its root makes singular.
    part = right[:, :-1].conj().transpose(0, 2, 1) / sizes[:, None, :-1]
    inverses[members] = part @ left[:, :, :-1].conj().transpose(0, 2, 1)
    arriving = linear.wires.matrix(linear.wires.gains(root))
    through = linear.sent @ inverses[:, :, slots]
    answered = (through @ arriving.reshape(count, w, -1)).reshape(count * w, -1)
    said = np.zeros((count, w, len(members)), complex)
    heard = np.zeros((len(members), count * w), complex)
    for k, j in enumerate(members):
        said[j, :, k] = linear.sent[j] @ v[k] / max(float(np.max(np.abs(linear.sent[j]))), 1e-300)
        heard[k] = u[k, slots].conj() @ arriving.reshape(count, w, -1)[j]
    heard /= max(float(np.max(np.abs(arriving))), 1e-300)
    whole = np.block(
        [
            [np.eye(count * w) - answered, -said.reshape(count * w, -1)],
            [heard, np.zeros((len(members),) * 2)],
        ]
    )
    _, sizes, rows = np.linalg.svd(whole)
    found = []
    for row in rows[sizes <= _ZERO * sizes[0]].conj():
        signals, share = row[: count * w], row[count * w :]
        vector = inverses[:, :, slots] @ (arriving @ signals).reshape(count, w, 1)
        vector = vector[:, :, 0]
        for k, j in enumerate(members):
            size = max(float(np.max(np.abs(linear.sent[j]))), 1e-300)
            vector[j] += v[k] * share[k] / size
        found.append(vector.ravel() / np.linalg.norm(vector))
    return np.array(found).reshape(-1, count * linear.q)


def _multiplicity(linear: Linearization, root: complex) -> int:
    """Zeros of det Delta in a small circle around a root."""
    radius = _CIRCLE * (1e-3 + abs(root))
    total = 0j
    for angle in 2 * np.pi * (np.arange(_PLACES) + 0.5) / _PLACES:
        arm = radius * np.exp(1j * angle)
        slopes, _ = linear.determinants(root + arm)
        total += arm * np.sum(slopes.slopes) / _PLACES
    return round(total.real)
