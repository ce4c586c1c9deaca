"""Maps of the linearized flow from mesh node to mesh node, cut where it is faster than the orbit.

The mesh follows the orbit. Where what is near it grows or decays much faster, the collocation's map
of an interval is a poor one: of growth by exp(z) it has the (4, 4) Pade approximation, which is off
by 4e-8 z^9 in relative terms and not even monotonic beyond z = 6. Such an interval is cut into
pieces, on which the orbit is known. ``condense`` leaves about the fastest rates, and what the
pieces leave of the error is known from them.

Growth is resolved to 1e-8 of the multiplier. Decay is to 1e-8 of its logarithm where that costs
little, and where it may have to be weighed against growth; else only so far that it is seen as
decay, and how small such multipliers are is not known. Of two states the product of both
multipliers is known from the divergence, which is smooth. Systems of 20 states and more are not
cut, which would cost more than all the rest.
"""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int64, types

from continuation.cycles.collocation import Collocation, Condensed, Profile
from continuation.cycles.meshes import node_polynomials
from continuation.cycles.periodic_schur import periodic_eigenvalues
from continuation.engine.elimination import lu_solve_rows
from continuation.engine.field import Field
from continuation.engine.linear_algebra import lu_factor
from dynsys.compiled.kernels import VECTOR
from dynsys.compiled.records import Indices, Matrix, Vector, signature
from dynsys.numba_cache import njit

_ROUGH, _FINE = 1.5, 1.0  # in the exponent: what is much, and what pieces hold at most
_ERROR, _WANTED = 4e-8, 1e-8  # relative error of a map of exp(1), and what all may have together
_DECAY = 0.84  # exponent of a piece whose error is _WANTED of it
_MONOTONIC = 4.0  # exponent of a piece up to which the error goes by the ninth power
_FASTER = 4.0  # than on average, that a multiplier may decay somewhere
_APART = 1e-3  # log10 between two multipliers that are not about to meet
_SMALL = -1.0  # log10 of a multiplier below which decay need not be weighed
_STIFF, _FEW = 30.0, 16  # decay of a piece that still is seen as decay, and the most pieces for it
_MOST, _TOGETHER = 512, 80.0  # pieces of an interval, and of all of them on average,
_WEIGHED = 16.0  # so many for the decay that is weighed against growth,
_LARGE = 720.0  # or so many over n^2, of large systems,
_CHEAP = 1200.0  # and over n^3 for decay that need not be known,
_NEVER = 20  # and none of so many states
_PIECES = types.Array(int64, 1, "C")


@njit([types.void(VECTOR, VECTOR, int64, float64, _PIECES)], cache=True, nogil=True)
def _cut(growth, decay, refined, average, pieces):
    """How many ``pieces`` (N,) the intervals are cut into for growth, ``refined`` times as many as
    needed, but about ``average`` ones at most; for decay as many as show that it is decay."""
    total, intervals = 1e-300, growth.shape[0]
    for j in range(intervals):
        total += max(growth[j], 0.0)
    fine = _FINE * min(1.0, (_WANTED / (_ERROR * total)) ** 0.125)
    fine = max(fine, total / (average * intervals))
    for j in range(intervals):
        pieces[j] = 1
        if growth[j] > fine:
            pieces[j] = min(math.ceil(growth[j] / fine), _MOST)
        if decay[j] > _STIFF:
            pieces[j] = max(pieces[j], min(math.ceil(decay[j] / _STIFF), _FEW))
        pieces[j] *= refined


@njit([boolean(VECTOR, float64, _PIECES)], cache=True, nogil=True)
def _cut_for_decay(decay, average, pieces):
    """More ``pieces`` (N,) so that decay is resolved; False, and none, where these are more than
    ``average`` ones."""
    total, intervals = 0, decay.shape[0]
    for j in range(intervals):
        total += max(math.ceil(min(decay[j], 1e9) / _DECAY), 1)
    if total > average * intervals:
        return False
    for j in range(intervals):
        pieces[j] = max(pieces[j], math.ceil(decay[j] / _DECAY))
    return True


@njit(
    [
        signature(
            bool, Field, Collocation, Profile, int, float, float, Matrix, Matrix, Matrix,
        )
    ],
    cache=True, addressed=True,
)  # fmt: skip
def _map_of_piece(field, collocation, profile, j, first, part, block, right, out):
    """The map (n, n) ``out`` of the part first..first + part of interval j; False if singular."""
    values, slopes, mesh, u = collocation.values, collocation.slopes, profile.mesh, profile.u
    scale, degree, n = field.scale, values.shape[0], u.shape[1]
    length = (mesh[j + 1] - mesh[j]) * profile.z[0] * part
    x, a, basis = np.empty(n), np.empty((n, n)), np.empty(degree + 1)
    for i in range(degree):
        time = 0.0
        for k in range(degree + 1):
            time += values[i, k] * k  # the Gauss point itself, which the polynomials reproduce
        at = degree * first + part * time
        node_polynomials(at, basis)
        for s in range(n):
            total = 0.0
            for k in range(degree + 1):
                total += basis[k] * u[j * degree + k, s]
            x[s] = total * scale[s]
        field.jacobian(x, field.p, field.tables, a)
        for s in range(n):
            row = i * n + s
            for c in range(n):
                entry = -length * a[s, c] * scale[c] / scale[s]
                right[row, c] = values[i, 0] * entry
                for k in range(degree):
                    block[row, k * n + c] = values[i, k + 1] * entry
            right[row, s] += slopes[i, 0]
            for k in range(degree):
                block[row, k * n + s] += slopes[i, k + 1]
    pivots = np.empty(degree * n, np.int64)
    if not lu_factor(block, pivots):
        return False
    lu_solve_rows(block, pivots, right)
    for s in range(n):
        for c in range(n):
            out[s, c] = -right[(degree - 1) * n + s, c]
    return True


@njit
def _balance(u, maps):
    """Where states move by far more than their unit: the maps in units of the motion."""
    size = np.ones(u.shape[1])
    for s in range(u.shape[1]):
        low, high = u[0, s], u[0, s]
        for node in range(u.shape[0]):
            low, high = min(low, u[node, s]), max(high, u[node, s])
        while size[s] < high - low:
            size[s] *= 2.0
    for s in range(u.shape[1]):
        for c in range(u.shape[1]):
            if size[s] != size[c]:
                for k in range(maps.shape[0]):
                    maps[k, s, c] *= size[c] / size[s]


@njit(
    [signature(bool, Field, Collocation, Profile, Condensed, Indices, Vector, Vector)],
    cache=True, addressed=True,
)  # fmt: skip
def _eigenvalues(field, collocation, profile, condensed, pieces, logs, angles):
    """Eigenvalues of the product of all maps, those of cut intervals made anew."""
    local, n, total = condensed.local, logs.shape[0], 0
    logs[:], angles[:] = np.nan, np.nan
    intervals, last = local.shape[0], local.shape[1] - logs.shape[0]
    for j in range(intervals):
        total += pieces[j]
    maps = np.empty((total, n, n))
    block, right = np.empty((local.shape[1], local.shape[1])), np.empty((local.shape[1], n))
    k = 0
    for j in range(intervals):
        for q in range(pieces[j]):
            if pieces[j] == 1:
                for s in range(n):
                    for c in range(n):
                        maps[k, s, c] = -local[j, last + s, c]
            elif not _map_of_piece(
                field, collocation, profile, j, q / pieces[j], 1.0 / pieces[j], block, right,
                maps[k],
            ):  # fmt: skip
                return False
            k += 1
    _balance(profile.u, maps)
    return periodic_eigenvalues(maps, logs, angles)


@njit([float64(float64, float64)], cache=True, nogil=True)
def _left(exponent, rate):
    """Relative error of pieces of an exponent together, of at most ``rate`` each."""
    return exponent * _ERROR * rate**8 if rate < _MONOTONIC else np.inf


@njit([types.void(VECTOR, VECTOR, _PIECES, VECTOR, VECTOR)], cache=True, nogil=True)
def _tell_errors(growth, decay, pieces, logs, errors):
    """``errors`` (n,) of multipliers, each of which decays by as much as it grows at most, and by
    what is left of it."""
    intervals, grows, fastest, grown = growth.shape[0], 0.0, 0.0, 0.0
    for j in range(intervals):
        rate = max(growth[j], 0.0)
        grows += rate
        grown += _left(rate, rate / pieces[j])
        fastest = max(fastest, decay[j] / pieces[j])
    for i in range(logs.shape[0]):
        falls = grows + max(-math.log(10.0) * logs[i], 0.0)
        errors[i] = grown
        if falls > 0.0:
            errors[i] += _left(falls, min(_FASTER * falls / intervals, fastest))


@njit(
    [signature(bool, Field, Collocation, Profile, Condensed, int, Vector, Vector, Vector)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def cycle_multipliers(field, collocation, profile, condensed, refined, logs, angles, errors):
    """Multipliers of a condensed cycle: ``logs`` (n,) of their moduli and ``angles`` (n,), and
    about the relative ``errors`` (n,) that the maps of the linearized flow leave, nan where these
    are not known.

    With ``refined`` > 1 all decay is resolved, and every interval is cut into so many times as many
    pieces: what then changes is the error.
    """
    growth, decay, n = condensed.growth, condensed.decay, logs.shape[0]
    pieces, grows, knows = np.empty(growth.shape[0], np.int64), 0.0, True
    for j in range(growth.shape[0]):
        grows += max(growth[j], 0.0)
    average = min(_TOGETHER, _LARGE / n**2)
    errors[:] = np.nan
    if n >= _NEVER:  # and nodes of delay lines are loops that seem to grow, but do not
        pieces[:] = refined
        return _eigenvalues(field, collocation, profile, condensed, pieces, logs, angles)
    all_resolved = refined > 1 and n > 2
    _cut(np.maximum(growth, decay) if all_resolved else growth, decay, refined, average, pieces)
    if n > 2 and not all_resolved:
        knows = _cut_for_decay(decay, min(average, _CHEAP / n**3), pieces)
    done = _eigenvalues(field, collocation, profile, condensed, pieces, logs, angles)
    if n == 2 and done:
        _complete(condensed.divergence.sum(), logs, angles)
    if done and refined == 1 and not knows and grows > _ROUGH and logs[0] > _SMALL:
        before = pieces.sum()
        _cut(np.maximum(growth, decay), decay, refined, min(_WEIGHED, average), pieces)
        if pieces.sum() != before:
            done = _eigenvalues(field, collocation, profile, condensed, pieces, logs, angles)
    if done:
        _tell_errors(growth, decay if n > 2 else growth, pieces, logs, errors)
    return done


@njit
def _complete(exponent, logs, angles):
    """Of two real multipliers the one farther from 1, from the trivial one and the product of both,
    exp(exponent); far from where they meet."""
    if angles[0] != 0.0 or angles[1] != 0.0 or abs(logs[0] - logs[1]) < _APART:
        return
    other = 0 if abs(logs[0]) > abs(logs[1]) else 1
    logs[other] = exponent / math.log(10.0) - logs[1 - other]
    if logs[0] < logs[1]:
        logs[0], logs[1] = logs[1], logs[0]
