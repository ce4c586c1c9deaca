"""Eigenvalues of products of matrices against products in extended precision.

Moduli are asked to 1e-8 relative over hundreds of orders of magnitude, angles to 1e-8. Where the
product is ill conditioned (double multipliers, as at folds of cycles), to the square root of the
rounding, which no method can better.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuation.cycles.periodic_schur import (
    carry,
    periodic_eigenvalues,
    reduce_to_hessenberg,
    rotation,
)
from continuation.cycles.triangular_factors import inverse_norm, merge, triangular_factors


def eigenvalues(maps) -> tuple[np.ndarray, np.ndarray]:
    maps = np.ascontiguousarray(maps, dtype=float)
    logs, angles = np.empty(maps.shape[1]), np.empty(maps.shape[1])
    assert periodic_eigenvalues(maps, logs, angles)
    return logs, angles


def extended(maps, digits: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """log10 of the moduli and the angles of the product, in extended precision."""
    with mpmath.workdps(digits):
        product = mpmath.eye(maps.shape[1])
        for factor in maps:
            product = mpmath.matrix(factor.tolist()) * product
        n = maps.shape[1]
        values = mpmath.eig(product, left=False, right=False) if n > 1 else [product[0, 0]]
        found = sorted(values, key=lambda z: -abs(z))
        logs = [float(mpmath.log10(abs(z))) for z in found]
        return np.array(logs), np.array([float(mpmath.arg(z)) for z in found])


def relative_errors(maps) -> np.ndarray:
    (logs, angles), (known, turns) = eigenvalues(maps), extended(maps)
    return np.abs(10.0 ** (logs - known) * np.exp(1j * (np.abs(angles) - np.abs(turns))) - 1)


def orthogonal(rng, n: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def graded(rng, count: int, blocks: np.ndarray, condition: float = 1.0) -> np.ndarray:
    """S_{j + 1} block_j S_j^-1 with S_count = S_0: the product is similar to that of the blocks."""
    n = blocks.shape[1]
    sides = [
        orthogonal(rng, n) @ np.diag(np.geomspace(1, condition, n)) @ orthogonal(rng, n)
        for _ in range(count)
    ]
    after = sides[1:] + sides[:1]
    return np.array(
        [b @ block @ np.linalg.inv(a) for a, b, block in zip(sides, after, blocks, strict=True)]
    )


@pytest.mark.parametrize(
    "exponents",
    [[300, -300], [310, 0, -320], [0, -2, -5, -9, -12, -30], [400, 100, 0, -1, -350],
     list(np.linspace(-300, 300, 12)), list(np.linspace(300, -300, 20))],
)  # fmt: skip
def test_moduli_over_six_hundred_orders_of_magnitude(exponents):
    rng, count, n = np.random.default_rng(1), 400, len(exponents)
    signs = rng.choice([-1.0, 1.0], (count, n))
    blocks = np.array([np.diag(s * 10.0 ** (np.array(exponents) / count)) for s in signs])
    logs, angles = eigenvalues(graded(rng, count, blocks))
    order = np.argsort(-np.array(exponents), kind="stable")
    np.testing.assert_allclose(logs, np.array(exponents)[order], rtol=0, atol=2e-9)
    np.testing.assert_array_equal(angles, np.where(signs.prod(0)[order] < 0, np.pi, 0.0))


def test_diagonal_maps_are_multiplied_exactly_beyond_the_range_of_doubles():
    maps = np.array([np.diag([1e120, -1.0, 1e-120, 1e-20])] * 3)
    logs, angles = eigenvalues(maps)
    np.testing.assert_allclose(logs, [360.0, 0.0, -60.0, -360.0], rtol=1e-15, atol=1e-13)
    np.testing.assert_array_equal(angles, [0.0, np.pi, 0.0, 0.0])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 40),
    st.sampled_from([0.05, 0.4, 1.0, 4.0]),
)  # fmt: skip
def test_random_products_agree_with_extended_precision(seed, n, count, strength):
    noise = np.random.default_rng(seed).standard_normal((count, n, n)) / np.sqrt(n)
    maps = np.eye(n) + strength * noise
    assert np.max(relative_errors(maps)) < 1e-8


def test_a_random_product_whose_moduli_span_two_hundred_orders():
    maps = np.random.default_rng(3).standard_normal((400, 5, 5))
    logs, _ = eigenvalues(maps)
    assert logs[0] - logs[-1] > 200
    assert np.max(relative_errors(maps)) < 1e-8


def test_complex_pairs_with_moduli_beyond_the_range_of_doubles():
    rng, count = np.random.default_rng(4), 150
    turns, blocks = rng.uniform(0, 3, count), np.zeros((count, 5, 5))
    for block, turn in zip(blocks, turns, strict=True):
        c, s = np.cos(turn), np.sin(turn)
        block[:2, :2] = 100.0 * np.array([[c, -s], [s, c]])
        block[2:4, 2:4] = 0.01 * np.array([[c, -s], [s, c]])
        block[4, 4] = -1.0
    logs, angles = eigenvalues(graded(rng, count, blocks, condition=3.0))
    turn = abs(np.angle(np.exp(1j * turns.sum())))
    np.testing.assert_allclose(logs, [300, 300, 0, -300, -300], rtol=0, atol=4e-9)
    np.testing.assert_allclose(angles, [turn, -turn, 0.0, turn, -turn], rtol=0, atol=1e-8)


def test_a_double_multiplier_one_is_good_to_the_square_root_of_the_rounding():
    jordan = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1e-8]])
    blocks = np.array([np.eye(3)] * 49 + [jordan])
    maps = graded(np.random.default_rng(5), 50, blocks, condition=5.0)
    logs, angles = eigenvalues(maps)
    found = 10.0 ** logs[:2] * np.exp(1j * angles[:2])
    assert np.max(np.abs(found - 1.0)) < 1e-6
    assert abs(np.mean(found) - 1.0) < 1e-12  # their mean is well conditioned
    # The last digit of the one map with the small factor is worth so much of the third.
    assert logs[2] == pytest.approx(-8.0, abs=np.finfo(float).eps * np.linalg.cond(maps[-1]))


def test_close_real_multipliers_are_told_apart():
    blocks = np.array([np.diag([1.0, 1.0, 1e-3])] * 40)
    blocks[7, 1, 1] = 1 - 1e-9
    logs, angles = eigenvalues(graded(np.random.default_rng(6), 40, blocks))
    np.testing.assert_array_equal(angles, 0.0)
    np.testing.assert_allclose(10.0 ** logs[:2], [1.0, 1 - 1e-9], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("maps", "zeros"),
    [
        (np.zeros((3, 2, 2)), 2),
        ([[[0.0, 1.0], [0.0, 0.0]]], 2),
        ([[[1.0, 2.0], [2.0, 4.0]]] * 3, 1),
        ([np.eye(3), np.diag([1.0, 0.0, 1.0]), np.diag([0.0, 1.0, 2.0])], 2),
    ],
)
def test_a_singular_map_gives_multipliers_that_are_exactly_zero(maps, zeros):
    logs, angles = eigenvalues(maps)
    assert np.sum(np.isneginf(logs)) == zeros
    np.testing.assert_array_equal(angles[np.isneginf(logs)], 0.0)


def test_singular_maps_leave_the_other_multipliers_exact():
    maps = np.random.default_rng(7).standard_normal((10, 4, 4))
    maps[3, :, 2], maps[6, 1] = 0.0, maps[6, 0]
    logs, angles = eigenvalues(maps)
    product = np.linalg.multi_dot(maps[::-1])
    known = sorted(np.linalg.eigvals(product), key=abs)[:0:-1]
    assert np.isneginf(logs[-1])
    found = 10.0 ** logs[:3] * np.exp(1j * angles[:3])
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(known), rtol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 20])
def test_cyclic_permutations_do_not_stall_the_shifts(n):
    shift = np.roll(np.eye(n), 1, axis=0)
    logs, angles = eigenvalues([shift])
    np.testing.assert_allclose(logs, 0.0, atol=1e-14)
    expected = np.angle(np.exp(2j * np.pi * np.arange(n) / n))
    np.testing.assert_allclose(np.sort(np.abs(angles)), np.sort(np.abs(expected)), atol=1e-13)
    assert np.all(np.abs(eigenvalues([shift] * 7)[0]) < 1e-13)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_one_dimension_is_a_product_of_numbers(count):
    maps = np.random.default_rng(8).uniform(-3, -1e-3, (count, 1, 1))
    logs, angles = eigenvalues(maps)
    assert logs[0] == pytest.approx(np.sum(np.log10(np.abs(maps))), abs=1e-13)
    assert angles[0] == (np.pi if count % 2 else 0.0)


def test_one_map_has_the_eigenvalues_of_lapack():
    maps = np.random.default_rng(9).standard_normal((1, 30, 30))
    logs, angles = eigenvalues(maps)
    known = np.linalg.eigvals(maps[0])
    found = 10.0**logs * np.exp(1j * angles)
    assert np.max(np.min(np.abs(found[:, None] - known[None]), axis=1)) < 1e-12


def test_complex_pairs_stand_together_with_the_positive_angle_first():
    maps = np.random.default_rng(10).standard_normal((6, 15, 15))
    logs, angles = eigenvalues(maps)
    assert np.all(np.diff(logs) <= 0)
    first = np.flatnonzero((angles > 0) & (angles < np.pi))
    np.testing.assert_array_equal(angles[first + 1], -angles[first])
    np.testing.assert_array_equal(logs[first + 1], logs[first])
    assert len(first) == np.sum(angles < 0) > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_maps_that_are_not_finite_are_reported(bad):
    logs, angles = np.empty(3), np.empty(3)
    assert not periodic_eigenvalues(np.full((4, 3, 3), bad), logs, angles)
    assert np.all(np.isnan(logs)) and np.all(np.isnan(angles))


def test_the_maps_are_not_changed_and_the_start_of_the_cycle_does_not_matter():
    rng = np.random.default_rng(11)
    maps = np.eye(4) + rng.standard_normal((60, 4, 4))
    before = maps.copy()
    logs, _ = eigenvalues(maps)
    np.testing.assert_array_equal(maps, before)
    np.testing.assert_allclose(eigenvalues(np.roll(maps, 17, axis=0))[0], logs, atol=1e-9)
    np.testing.assert_allclose(eigenvalues(maps.transpose(0, 2, 1)[::-1])[0], logs, atol=1e-9)


def test_the_factors_multiply_to_the_product():
    rng = np.random.default_rng(12)
    maps = rng.standard_normal((8, 5, 5))
    factors, full = np.empty_like(maps), np.empty((5, 5))
    count, exponent = triangular_factors(maps, factors, full)
    product = np.linalg.multi_dot(maps[::-1])
    rebuilt = full * 2.0**exponent
    for t in factors[:count][::-1]:
        np.testing.assert_array_equal(np.tril(t, -1), 0.0)
        rebuilt = rebuilt @ t
    np.testing.assert_allclose(rebuilt, product, rtol=0, atol=1e-13 * np.abs(product).max())


def test_the_reduction_to_hessenberg_form_is_a_similarity():
    rng = np.random.default_rng(13)
    h, factors = rng.standard_normal((6, 6)), np.triu(rng.standard_normal((3, 6, 6)))
    before = np.linalg.eigvals(h @ factors[2] @ factors[1] @ factors[0])
    norms = [np.linalg.norm(h), *(np.linalg.norm(t) for t in factors)]
    reduce_to_hessenberg(factors, h, 3)
    np.testing.assert_array_equal(np.tril(h, -2), 0.0)
    np.testing.assert_array_equal(np.tril(factors, -1), 0.0)
    np.testing.assert_allclose([np.linalg.norm(h), *(np.linalg.norm(t) for t in factors)], norms)
    after = np.linalg.eigvals(h @ factors[2] @ factors[1] @ factors[0])
    np.testing.assert_allclose(np.sort_complex(after), np.sort_complex(before), atol=1e-13)


def test_a_carried_rotation_keeps_a_zero_of_a_diagonal_exact():
    factors = np.triu(np.random.default_rng(14).standard_normal((1, 3, 3)))
    factors[0, 1, 1] = 0.0
    h = np.eye(3)
    c, s, _ = rotation(3.0, 4.0)
    carry(factors, h, 1, 0, c, s, 0, 2, 2)
    assert factors[0, 1, 1] == 0.0
    carry(factors, h, 1, 1, c, s, 0, 2, 2)
    assert factors[0, 2, 2] == 0.0


def test_merging_stops_before_digits_are_lost():
    rng = np.random.default_rng(15)
    maps = np.array([orthogonal(rng, 3) @ np.diag([1.0, 1.0, 0.1]) for _ in range(40)])
    merged = np.empty_like(maps)
    count, _ = merge(maps, merged)
    assert 4 < count < 40
    assert np.max(np.linalg.cond(merged[:count])) < 1e5
    work = np.empty((3, 6))
    for m in merged[:count]:
        assert inverse_norm(m, work) == pytest.approx(np.linalg.norm(np.linalg.inv(m)), rel=1e-9)
    assert merge(np.array([np.eye(3)] * 40), merged) == (1, 0)


@pytest.mark.parametrize("tiny", [-309.0, -325.0, -340.0, -400.0])
@pytest.mark.parametrize("angle", [0.05, 0.4])
def test_a_pair_keeps_its_digits_beside_a_multiplier_below_all_normal_numbers(tiny, angle):
    rng, count = np.random.default_rng(0), 40
    c, s = np.cos(angle / count), np.sin(angle / count)
    block = np.diag([c, c, 1.0, 10.0 ** (tiny / count)])
    block[0, 1], block[1, 0] = -s, s
    maps = graded(rng, count, np.array([block] * count))
    logs, angles = eigenvalues(maps)
    assert np.max(np.abs(logs[:3])) < 1e-8 and logs[3] == pytest.approx(tiny, rel=1e-8)
    assert np.sort(angles)[[0, -1]] == pytest.approx([-angle, angle], abs=1e-8)
