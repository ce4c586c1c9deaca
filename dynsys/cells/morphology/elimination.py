"""Potentials on a tree of cables: two-port admittances, and elimination from the tips.

Source: Koch & Poggio 1985, J Neurosci Methods 12:303-315 (exact cables); Hines 1984, Int J Biomed
Comput 15:69-76 (elimination on trees).
"""

from __future__ import annotations

import numpy as np

_SMALL = 1e-3  # below, series are exact to rounding


def two_ports(axial: np.ndarray, membrane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Admittances of cables between their ends: own (each end) and mutual, as the inputs.

    A cable of axial conductance G and membrane admittance Y, both of the whole, has own
    G x coth(x) and mutual -G x / sinh(x) with x = sqrt(Y/G).
    """
    x = np.sqrt(np.asarray(membrane, complex) / axial)
    small = np.abs(x) < _SMALL
    safe = np.where(small, 1.0, x)
    fallen = np.exp(-safe)
    rest = -np.expm1(-2 * safe)  # 1 - exp(-2x)
    square = x * x
    own = np.where(small, 1 + square / 3 - square**2 / 45, safe * (1 + fallen**2) / rest)
    mutual = np.where(small, 1 - square / 6 + 7 * square**2 / 360, 2 * safe * fallen / rest)
    return axial * own, -axial * mutual


def solve_tree(
    parents: np.ndarray, diagonal: np.ndarray, coupling: np.ndarray, injected: np.ndarray
) -> np.ndarray:
    """Potentials of nodes, for many frequencies at once.

    Parameters
    ----------
    parents : (n,), each before its children, -1 for the root.
    diagonal : (n, F) own admittances. coupling : (n, F) that of each node to its parent.
    injected : (n, F) currents.

    Returns
    -------
    (n, F).
    """
    shape = np.broadcast_shapes(diagonal.shape, injected.shape)
    own = np.broadcast_to(diagonal, shape).astype(complex)
    right = np.broadcast_to(injected, shape).astype(complex)
    for k in range(len(parents) - 1, 0, -1):
        factor = coupling[k] / own[k]
        own[parents[k]] -= factor * coupling[k]
        right[parents[k]] -= factor * right[k]
    result = np.empty(shape, dtype=complex)
    result[0] = right[0] / own[0]
    for k in range(1, len(parents)):
        result[k] = (right[k] - coupling[k] * result[parents[k]]) / own[k]
    return result
