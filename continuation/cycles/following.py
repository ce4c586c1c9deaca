"""The compiled loop that follows cycles: steps, mesh adaptation, multipliers."""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from numba import boolean, float64, int32, int64, types, uint8
from numba.core.types import ExternalFunction
from numba.extending import get_cython_function_address

from continuation.cycles.collocation import CUBE, DERIVATIVES, POINT
from continuation.cycles.conditions import CYCLE, PERIOD
from continuation.cycles.correction import correct, slopes_at_gauss
from dynsys.compiled.kernels import DOMAIN_TYPE, MATRIX, OBSERVABLES_TYPE, VECTOR
from dynsys.numba_cache import njit

llvmlite.binding.add_symbol(
    "dynsys_dggev", get_cython_function_address("scipy.linalg.cython_lapack", "dggev")
)
_dggev = ExternalFunction("dynsys_dggev", types.void(*[types.intp] * 17))

MORE, BOUND, STEP_MIN, SHRUNK, COARSE, FINE, DIVERGED, OUTSIDE, UNRESOLVED = range(9)
DOUBTFUL = 0.03  # error of the multiplier 1 beyond which a bifurcating multiplier means nothing
ADAPT_EVERY = 3


@njit([int64(MATRIX, VECTOR, VECTOR)], cache=True, nogil=True, error_model="numpy")
def pencil_multipliers(pair, real, imaginary):
    """Floquet multipliers of -W v = mu S v by QZ (LAPACK dggev); returns its info."""
    n = pair.shape[0]
    a, b = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j], b[i, j] = -pair[i, j], pair[i, n + j]
    beta, work = np.empty(n), np.empty(16 * n + 16)
    flag, integers = np.empty(1, uint8), np.empty(4, int32)
    flag[0] = 78  # 'N': no eigenvectors; the transposed pencil has the same eigenvalues
    integers[0], integers[1], integers[2], integers[3] = n, 1, work.shape[0], 0
    _dggev(
        flag.ctypes.data, flag.ctypes.data, integers.ctypes.data, a.ctypes.data,
        integers.ctypes.data, b.ctypes.data, integers.ctypes.data, real.ctypes.data,
        imaginary.ctypes.data, beta.ctypes.data, work.ctypes.data, integers[1:].ctypes.data,
        work.ctypes.data, integers[1:].ctypes.data, work.ctypes.data, integers[2:].ctypes.data,
        integers[3:].ctypes.data,
    )  # fmt: skip
    for i in range(n):
        size = beta[i]
        # Beyond 1e300 the value says nothing any more: it stays finite, so that tests keep a sign.
        finite = abs(real[i]) + abs(imaginary[i]) < 1e300 * abs(size)
        real[i] = real[i] / size if finite else 1e300
        imaginary[i] = imaginary[i] / size if finite else 0.0
    return int64(integers[3])


@njit([types.void(VECTOR, int64, VECTOR)], cache=True, nogil=True)
def node_weights(mesh, degree, out):
    """Weights (N m + 1,) with which a sum over nodes approximates the integral over time."""
    for node in range(out.shape[0]):
        out[node] = 0.0
    for j in range(mesh.shape[0] - 1):
        half = (mesh[j + 1] - mesh[j]) / (2 * degree)
        for k in range(degree):
            out[j * degree + k] += half
            out[j * degree + k + 1] += half


@njit([types.void(MATRIX, VECTOR, int64, MATRIX)], cache=True, nogil=True, error_model="numpy")
def highest_derivative(u, mesh, degree, jump):
    """Estimates (N, n) of |u^(m + 1)| beside the left end of every interval."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    signs = np.zeros(degree + 1)  # coefficients of the highest difference
    signs[0] = 1.0
    for k in range(degree):
        for i in range(k + 1, 0, -1):
            signs[i] -= signs[i - 1]
    highest = np.empty((intervals, n))
    for j in range(intervals):
        factor = (degree / (mesh[j + 1] - mesh[j])) ** degree
        for s in range(n):
            total = 0.0
            for k in range(degree + 1):
                total += signs[degree - k] * u[j * degree + k, s]
            highest[j, s] = total * factor
    for j in range(intervals):
        before = j - 1 if j > 0 else intervals - 1
        width = mesh[j + 1] - mesh[j] + mesh[before + 1] - mesh[before]
        for s in range(n):
            jump[j, s] = 2.0 * abs(highest[j, s] - highest[before, s]) / width


@njit([float64(MATRIX, VECTOR, int64)], cache=True, nogil=True, error_model="numpy")
def mesh_error(u, mesh, degree):
    """Largest error of the piecewise polynomials between their nodes, in scaled units."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    jump, largest = np.empty((intervals, n)), 0.0
    highest_derivative(u, mesh, degree, jump)
    for j in range(intervals):
        after = j + 1 if j + 1 < intervals else 0
        power = (mesh[j + 1] - mesh[j]) ** (degree + 1)
        for s in range(n):
            largest = max(largest, 0.5 * (jump[j, s] + jump[after, s]) * power)
    return 3e-5 * largest  # of the interpolation polynomial of degree 4 at equidistant nodes


@njit([types.void(MATRIX, VECTOR, int64, VECTOR)], cache=True, nogil=True, error_model="numpy")
def equidistribute(u, mesh, degree, fresh):
    """Mesh ``fresh`` that equidistributes the m + 1st derivative (de Boor 1973; AUTO's monitor)."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    jump = np.empty((intervals, n))
    highest_derivative(u, mesh, degree, jump)
    local, mean = np.empty(intervals), 0.0
    for j in range(intervals):
        after = j + 1 if j + 1 < intervals else 0
        total = 0.0
        for s in range(n):
            total += (0.5 * (jump[j, s] + jump[after, s])) ** (1.0 / (degree + 1))
        local[j] = total
        mean += total * (mesh[j + 1] - mesh[j])
    cumulated = np.empty(intervals + 1)
    cumulated[0] = 0.0
    for j in range(intervals):
        density = max(local[j], 0.1 * mean, 1e-300)  # quiet stretches keep points
        cumulated[j + 1] = cumulated[j] + density * (mesh[j + 1] - mesh[j])
    count, j = fresh.shape[0] - 1, 0
    fresh[0], fresh[count] = 0.0, 1.0
    for k in range(1, count):
        wanted = cumulated[intervals] * k / count
        while cumulated[j + 1] < wanted and j < intervals - 1:
            j += 1
        part = (wanted - cumulated[j]) / (cumulated[j + 1] - cumulated[j])
        fresh[k] = mesh[j] + part * (mesh[j + 1] - mesh[j])


@njit([types.void(MATRIX, VECTOR, VECTOR, int64, MATRIX)], cache=True, nogil=True,
      error_model="numpy")  # fmt: skip
def move_to_mesh(u, mesh, fresh, degree, out):
    """The piecewise polynomials of ``u`` on ``mesh`` at the nodes of the mesh ``fresh``."""
    n, j = u.shape[1], 0
    basis = np.empty(degree + 1)
    for q in range(fresh.shape[0] - 1):
        for i in range(degree + 1):
            if i == degree and q < fresh.shape[0] - 2:
                continue
            time = fresh[q] + (fresh[q + 1] - fresh[q]) * i / degree
            while j < mesh.shape[0] - 2 and mesh[j + 1] <= time:
                j += 1
            at = (time - mesh[j]) / (mesh[j + 1] - mesh[j]) * degree
            for k in range(degree + 1):
                product = 1.0
                for other in range(degree + 1):
                    if other != k:
                        product *= (at - other) / (k - other)
                basis[k] = product
            for s in range(n):
                total = 0.0
                for k in range(degree + 1):
                    total += basis[k] * u[j * degree + k, s]
                out[q * degree + i, s] = total


@njit(
    [types.void(OBSERVABLES_TYPE, VECTOR, VECTOR, VECTOR, MATRIX, int64, int64, MATRIX)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def observed_extrema(observables, tables, p, scale, u, degree, count, out):
    """Smallest and largest value (2, o) of the observables of an orbit, of ``count`` samples in
    every mesh interval."""
    n, o = scale.shape[0], out.shape[1]
    x, seen, basis = np.empty(n), np.empty(o), np.empty((count, degree + 1))
    for i in range(count):
        for k in range(degree + 1):
            product = 1.0
            for other in range(degree + 1):
                if other != k:
                    product *= (i * degree / count - other) / (k - other)
            basis[i, k] = product
    for c in range(o):
        out[0, c], out[1, c] = np.inf, -np.inf
    for first in range(0, u.shape[0] - 1, degree):
        for i in range(count):
            for s in range(n):
                total = 0.0
                for k in range(degree + 1):
                    total += basis[i, k] * u[first + k, s]
                x[s] = total * scale[s]
            observables(x, p, tables, seen)
            for c in range(o):
                out[0, c], out[1, c] = min(out[0, c], seen[c]), max(out[1, c], seen[c])


@njit([float64(VECTOR, MATRIX, VECTOR, MATRIX, VECTOR, VECTOR)], cache=True, nogil=True)
def inner_product(weights, du, dz, other, other_dz, metric):
    """Integral over time of du . other plus metric-weighted products of the z parts."""
    total = 0.0
    for node in range(du.shape[0]):
        for s in range(du.shape[1]):
            total += weights[node] * du[node, s] * other[node, s]
    for c in range(dz.shape[0]):
        total += metric[c] * dz[c] * other_dz[c]
    return total


@njit([float64(VECTOR, VECTOR)], cache=True, nogil=True)
def distance_to_one(real, imaginary):
    """Distance of the multiplier nearest to 1: the error of the trivial one."""
    best = np.inf
    for i in range(real.shape[0]):
        best = min(best, np.hypot(real[i] - 1.0, imaginary[i]))
    return best


@njit([float64(DOMAIN_TYPE, VECTOR, VECTOR, VECTOR, MATRIX)], cache=True, nogil=True)
def domain_margin(domain, tables, p, scale, u):
    """Smallest distance of the orbit's nodes to the border of a table; negative outside."""
    x, least = np.empty(scale.shape[0]), np.inf
    for node in range(u.shape[0]):
        for s in range(scale.shape[0]):
            x[s] = u[node, s] * scale[s]
        least = min(least, domain(x, p, tables))
    return least


@njit([boolean(VECTOR, VECTOR, MATRIX, MATRIX)], cache=True, nogil=True)
def half_turn(mesh, weight, slopes, other):
    """Whether two orbits run against each other: a step led through amplitude zero, or too far."""
    total, degree = 0.0, weight.shape[0]
    for j in range(mesh.shape[0] - 1):
        for i in range(degree):
            for s in range(slopes.shape[1]):
                node = j * degree + i
                total += (mesh[j + 1] - mesh[j]) * weight[i] * slopes[node, s] * other[node, s]
    return total < 0.0


_FOLLOW = types.Tuple((int64, int64, float64))(
    int64, *DERIVATIVES, DOMAIN_TYPE, *POINT, VECTOR, MATRIX, MATRIX, VECTOR, VECTOR, VECTOR,
    VECTOR, float64, int64, float64, CUBE, MATRIX, CUBE, MATRIX, MATRIX, MATRIX, MATRIX, VECTOR,
)  # fmt: skip


@njit([_FOLLOW], cache=True, error_model="numpy", nogil=True)
def follow(
    kind, field, jacobian, tangent, jacobian_tangent, domain, tables, p, free, scale, half,
    values, slopes, weight, settings, lower, upper, step, number, fixed, orbits, unknowns,
    directions, direction_unknowns, meshes, reals, imaginaries, steps,
):  # fmt: skip
    """Follow from point 0 of the arrays until they are full or something has to be decided.

    ``half`` (K,) scales z in the norm of steps (its first entry is not used: the period counts
    relative), ``settings`` = (step_min, step_max, tolerance, Newton iterations, cosine, trivial
    error that asks for more intervals, that for fewer, longest period, mesh error below which
    no intervals are added), ``number`` points were made
    before. Returns (points, reason, step). For BOUND the point beyond stands behind the last one.
    """
    capacity, nodes, n = orbits.shape
    count, degree, intervals = unknowns.shape[1], values.shape[0], meshes.shape[1] - 1
    u, du, row = np.empty((nodes, n)), np.empty((nodes, n)), np.empty((nodes, n))
    base, along = np.empty((nodes, n)), np.empty((nodes, n))
    mesh, weights = np.empty(intervals + 1), np.empty(nodes)
    z, dz, tail, metric = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    reference, slope = np.empty((intervals * degree, n)), np.empty((intervals * degree, n))
    pair = np.empty((n, 2 * n + count + 1))
    local = np.empty((intervals, degree * n, n + count + 1))
    for k in range(capacity - 1):
        adapts = (number + k) % ADAPT_EVERY == 0 and number + k > 0
        if adapts:
            equidistribute(orbits[k], meshes[k], degree, mesh)
            move_to_mesh(orbits[k], meshes[k], mesh, degree, base)
            move_to_mesh(directions[k], meshes[k], mesh, degree, along)
        else:
            for j in range(intervals + 1):
                mesh[j] = meshes[k, j]
            for node in range(nodes):
                for s in range(n):
                    base[node, s] = orbits[k, node, s]
                    along[node, s] = directions[k, node, s]
        node_weights(mesh, degree, weights)
        slopes_at_gauss(base, mesh, slopes, reference)
        amplitude = 0.0
        for s in range(n):
            low, high = base[0, s], base[0, s]
            for node in range(nodes):
                low, high = min(low, base[node, s]), max(high, base[node, s])
            amplitude = max(amplitude, high - low)
        metric[0] = 1.0 / unknowns[k, 0] ** 2
        for c in range(1, count):
            metric[c] = 1.0 / half[c] ** 2
        for c in range(count):
            tail[c] = metric[c] * direction_unknowns[k, c]
        outside = False
        while True:
            level = 0.0
            for node in range(nodes):
                for s in range(n):
                    row[node, s] = weights[node] * along[node, s]
                    u[node, s] = base[node, s] + step * along[node, s]
                    level += row[node, s] * u[node, s]
            for c in range(count):
                z[c] = unknowns[k, c] + step * direction_unknowns[k, c]
                level += tail[c] * z[c]
            done = -1
            if z[0] > 0.0:
                done = correct(
                    kind, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, u, z,
                    mesh, values, slopes, weight, reference, row, tail, level, fixed, settings[2],
                    int64(settings[3]), pair, du, dz, local,
                )  # fmt: skip
            if done > 0:
                slopes_at_gauss(u, mesh, slopes, slope)
                turned = half_turn(mesh, weight, reference, slope)
                if turned and step > 0.3 * amplitude:
                    return k + 1, SHRUNK, step
                length = np.sqrt(inner_product(weights, du, dz, du, dz, metric))
                # row . du = 1: the cosine between old and new direction is 1 / length.
                turns = turned or 1.0 / length < settings[4]
                outside = not turns and domain_margin(domain, tables, p, scale, u) < 0.0
                if not turns and not outside:
                    break
            step *= 0.5
            if outside and step < 1e3 * settings[0]:
                return k + 1, OUTSIDE, step
            if step < settings[0]:
                return k + 1, STEP_MIN, step
        steps[k] = step
        for node in range(nodes):
            for s in range(n):
                orbits[k + 1, node, s] = u[node, s]
                directions[k + 1, node, s] = du[node, s] / length
        for c in range(count):
            unknowns[k + 1, c] = z[c]
            direction_unknowns[k + 1, c] = dz[c] / length
        for j in range(intervals + 1):
            meshes[k + 1, j] = mesh[j]
        pencil_multipliers(pair, reals[k + 1], imaginaries[k + 1])
        for c in range(count):
            if not lower[c] <= z[c] <= upper[c]:
                return k + 1, BOUND, step
        most = settings[1] * max(1.0, amplitude)
        if done <= 3:
            step = min(1.5 * step, most)
        elif done > 5:
            step *= 0.7
        if z[0] > settings[7]:
            return k + 2, DIVERGED, step
        error = distance_to_one(reals[k + 1], imaginaries[k + 1])
        if kind != CYCLE and kind != PERIOD and error > DOUBTFUL:
            return k + 1, UNRESOLVED, step
        if kind == CYCLE and error > settings[5] and mesh_error(u, mesh, degree) > settings[8]:
            return k + 2, COARSE, step
        if kind == CYCLE and error < settings[6]:
            return k + 2, FINE, step
    return capacity, MORE, step
