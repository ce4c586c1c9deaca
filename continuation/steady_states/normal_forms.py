"""Normal-form coefficients of equilibrium bifurcations, from exact multilinear forms.

Every function takes the Jacobian ``a`` (n, n) at an equilibrium that lies on the bifurcation, the
``forms`` B, C, D, E there (``MultilinearForms``), the critical angular frequencies where there are
any, and ``norm_of``: the indices over which critical vectors have ||q|| = 1 in the plain Euclidean
norm (the physical states of a delay model; default all states). <p, q> = conj(p) . q = 1.
Coefficients are per time unit of the model; those that depend on ||q|| = 1 say so.

Formulas: Kuznetsov 1999, SIAM J. Numer. Anal. 36(4):1104-1124; Kuznetsov 2004, Elements of Applied
Bifurcation Theory, chapters 5 and 8.

Example
-------
>>> forms = MultilinearForms.from_model(model, x)
>>> hopf(model.jacobian(x), forms, omega)["l1"]
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from continuation.engine.borders import null_vectors

_ROUNDING = 1e-11
_CONSISTENT = 1e-9  # part of the right side that a solution of a singular system may miss

Forms = Callable[..., np.ndarray]
Indices = np.ndarray | None


def fold(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``a`` of the fold w' = beta + a w^2, a = <p, B(q, q)> / 2.

    |a| depends on ||q|| = 1, its sign on that of q (largest component positive here).
    """
    p, q = real_pair(a, norm_of)
    return {"a": float(p @ forms(q, q)) / 2}


def cusp(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``c`` of the cusp w' = b1 + b2 w + c w^3, by ||q|| = 1; its sign is that of the unfolding."""
    p, q = real_pair(a, norm_of)
    h2 = _complement_solve(-a, p, q, forms(q, q))
    return {"c": float(p @ (forms(q, q, q) + 3 * forms(q, h2))) / 6}


def branch_point(
    a: np.ndarray, forms: Forms, norm_of: Indices = None, parameter: np.ndarray | None = None
) -> dict[str, float]:
    """``a``, ``c`` of w' = a w^2 + c w^3, by ||q|| = 1: a pitchfork if a = 0, else transcritical.

    With ``parameter``, the direction (m,) in which the parameters move by mu, also ``b`` and ``d``
    of w' = a w^2 + b mu w + d mu^2 + c w^3; two branches cross where b^2 > 4 a d. ``c`` means
    something at a pitchfork only; there c < 0 is supercritical.
    """
    p, q = real_pair(a, norm_of)
    result = fold(a, forms, norm_of) | cusp(a, forms, norm_of)
    if parameter is not None:
        direction = np.concatenate([np.zeros(len(a)), parameter])
        direction[: len(a)] = _complement_solve(-a, p, q, forms(direction))
        result["b"] = float(p @ forms(q, direction))
        result["d"] = float(p @ forms(direction, direction)) / 2
    return result


def hopf(a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None) -> dict[str, float]:
    """``l1`` = Re c1 / omega, the first Lyapunov coefficient (negative: supercritical).

    w' = i omega w + c1 w |w|^2 with x = 2 Re(w q), by ||q|| = 1. ``re_c1`` is what MatCont and
    BifurcationKit print; ``im_c1`` bends the frequency with the amplitude.
    """
    c1 = _hopf_cubic(a, forms, omega, *critical_pair(a, omega, norm_of))[0]
    return {"l1": float(c1.real / omega), "re_c1": c1.real, "im_c1": c1.imag}


def hopf_error(a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None) -> float:
    """What rounding may leave of ``l1`` where it is zero, as at centres: 1e-11 of its terms."""
    p, q = critical_pair(a, omega, norm_of)
    _, h20, h11 = _hopf_cubic(a, forms, omega, p, q)
    r = q.conj()
    terms = (forms(q, q, r), 2 * forms(q, h11), forms(r, h20))
    return float(_ROUNDING * sum(np.abs(p) @ np.abs(term) for term in terms) / (2 * omega))


def bogdanov_takens(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``a``, ``b`` of w0' = w1, w1' = a w0^2 + b w0 w1, by ||q0|| = 1 and q1 orthogonal to q0.

    Both change sign with q0 (largest component positive here); the sign of a b is invariant:
    Hopf and homoclinic bifurcations are supercritical where a b < 0, subcritical where a b > 0.
    """
    p1, q0 = _null_pair(a, norm_of)
    part = slice(None) if norm_of is None else norm_of
    q1 = _singular_solve(a, p1, q0, q0)
    q1 = q1 - (q1[part] @ q0[part]) * q0
    p1 = p1 / (p1 @ q1)
    p0 = _singular_solve(a.T, q0, p1, p1)
    p0 = p0 - (p0 @ q1) * p1
    second = forms(q0, q0)
    b = p0 @ second + p1 @ forms(q0, q1)
    return {"a": float(p1 @ second) / 2, "b": float(b)}


def bautin(a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None) -> dict[str, float]:
    """``l2`` = Re c2 / omega, the second Lyapunov coefficient, and ``re_c2`` (as MatCont prints).

    w' = i omega w + c1 w |w|^2 + c2 w |w|^4 with Re c1 = 0, by ||q|| = 1; l2 < 0: the outer of the
    two cycles is stable.
    """
    p, q = critical_pair(a, omega, norm_of)
    c1, h20, h11 = _hopf_cubic(a, forms, omega, p, q)
    r, h02 = q.conj(), h20.conj()
    h30 = _resolvent(a, 3j * omega, forms(q, q, q) + 3 * forms(q, h20))
    g21 = forms(q, q, r) + forms(r, h20) + 2 * forms(q, h11)
    h21 = _complement_solve(1j * omega * np.eye(len(a)) - a, p, q, g21)
    h12 = h21.conj()
    h31 = _resolvent(
        a, 2j * omega,
        forms(q, q, q, r) + 3 * forms(q, q, h11) + 3 * forms(q, r, h20)
        + 3 * forms(h20, h11) + forms(r, h30) + 3 * forms(q, h21) - 6 * c1 * h20,
    )  # fmt: skip
    # 4 h11 (c1 + conj c1) belongs here off the point; it is kept so that re_c2 varies smoothly.
    h22 = _resolvent(
        a, 0.0,
        forms(q, q, r, r) + 4 * forms(q, r, h11) + forms(r, r, h20) + forms(q, q, h02)
        + 2 * forms(h11, h11) + 2 * forms(q, h12) + 2 * forms(r, h21) + forms(h20, h02)
        - 8 * c1.real * h11,
    )  # fmt: skip
    total = (
        forms(q, q, q, r, r) + forms(q, q, q, h02) + 6 * forms(q, q, r, h11)
        + 3 * forms(q, r, r, h20) + 3 * forms(q, q, h12) + 6 * forms(q, r, h21)
        + forms(r, r, h30) + 3 * forms(q, h20, h02) + 6 * forms(q, h11, h11)
        + 6 * forms(r, h20, h11) + 3 * forms(q, h22) + 2 * forms(r, h31)
        + 3 * forms(h20, h12) + 6 * forms(h11, h21) + forms(h30, h02)
    )  # fmt: skip
    re_c2 = float(np.vdot(p, total).real) / 12
    return {"l2": float(re_c2 / omega), "re_c2": re_c2}


def zero_hopf(
    a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None
) -> dict[str, float]:
    """``s``, ``theta``, ``E0`` of the zero-Hopf point, and the coefficients G they come from.

    Center manifold, with ||q0|| = ||q1|| = 1:
        v' = G200 v^2 / 2 + G011 |w|^2 + G300 v^3 / 6 + G111 v |w|^2,
        w' = (i omega + G110 v + G210 v^2 / 2 + G021 |w|^2 / 2) w.
    Near-identity changes and v-dependent time leave of it (Gavrilov)
        v' = G200 v^2 / 2 + G011 |w|^2,  w' = (i omega + Re G110 v + E0 v^2) w + phase terms,
    which scaled is x' = x^2 + s |z|^2, z' = (i omega + theta x +- x^2) z with s = sign(G200 G011)
    and theta = 2 Re G110 / G200; both and the sign of E0 are invariant. Cycles bifurcate to tori
    nearby only if s theta < 0. Not finite where G200 or G011 vanishes, as symmetry may force.
    """
    p0, q0 = real_pair(a, norm_of)
    p1, q1 = critical_pair(a, omega, norm_of)
    r1, shifted = q1.conj(), 1j * omega * np.eye(len(a)) - a
    b00, b11, b01 = forms(q0, q0), forms(q1, r1).real, forms(q0, q1)
    g200, g011, g110 = p0 @ b00, p0 @ b11, np.vdot(p1, b01)
    h200, h011 = (_complement_solve(-a, p0, q0, b) for b in (b00, b11))
    h020 = _resolvent(a, 2j * omega, forms(q1, q1))
    h110 = _complement_solve(shifted, p1, q1, b01)
    g300 = p0 @ (forms(q0, q0, q0) + 3 * forms(q0, h200))
    g111 = p0 @ (forms(q0, q1, r1) + 2 * forms(r1, h110) + forms(q0, h011)).real
    g210 = np.vdot(p1, forms(q0, q0, q1) + 2 * forms(q0, h110) + forms(q1, h200)).real
    g021 = np.vdot(p1, forms(q1, q1, r1) + 2 * forms(q1, h011) + forms(r1, h020)).real
    with np.errstate(divide="ignore", invalid="ignore"):
        e0 = g210 + g110.real * ((g021 + g111) / g011 - g300 / g200) - g021 * g200 / (2 * g011)
        theta = 2 * g110.real / g200
    values = {"s": np.sign(g200 * g011), "theta": theta, "E0": e0 / 2} | {
        "G200": g200, "G011": g011, "G300": g300, "G111": g111,
        "re_G110": g110.real, "re_G210": g210, "re_G021": g021,
    }  # fmt: skip
    return {name: float(value) for name, value in values.items()}


def hopf_hopf(
    a: np.ndarray, forms: Forms, omega: float, other: float, norm_of: Indices = None
) -> dict[str, float]:
    """Cubic coefficients of the Hopf-Hopf point, theta = p12 / p22 and delta = p21 / p11.

    r1' = r1 (p11 r1^2 + p12 r2^2), r2' = r2 (p21 r1^2 + p22 r2^2) for the amplitudes of the modes
    at ``omega`` (1) and ``other`` (2), x = 2 Re(w1 q1 + w2 q2), both ||q|| = 1; theta, delta and
    the signs of p11, p22 are invariant. Valid away from the resonances 1:1, 1:2 and 1:3.
    """
    first, second = ((w, *critical_pair(a, w, norm_of)) for w in (omega, other))
    p11, p22 = (_hopf_cubic(a, forms, *mode)[0].real for mode in (first, second))
    p12, p21 = _cross(a, forms, first, second), _cross(a, forms, second, first)
    values = {"p11": p11, "p12": p12, "p21": p21, "p22": p22}
    return values | {"theta": p12 / p22, "delta": p21 / p11}


Mode = tuple[float, np.ndarray, np.ndarray]


def _cross(a: np.ndarray, forms: Forms, mode: Mode, other: Mode) -> float:
    """Real part of the coefficient of w |y|^2 in w', for w along ``mode`` and y along ``other``."""
    (w, p, q), (v, _, s) = mode, other
    t = s.conj()
    h11 = _resolvent(a, 0.0, forms(s, t))
    total = (
        forms(q, s, t) + forms(q, h11)
        + forms(s, _resolvent(a, 1j * (w - v), forms(q, t)))
        + forms(t, _resolvent(a, 1j * (w + v), forms(q, s)))
    )  # fmt: skip
    return float(np.vdot(p, total).real)


def _hopf_cubic(
    a: np.ndarray, forms: Forms, omega: float, p: np.ndarray, q: np.ndarray
) -> tuple[complex, np.ndarray, np.ndarray]:
    """c1 of w' = i omega w + c1 w |w|^2 and the center manifold's h20, h11."""
    r = q.conj()
    h20 = _resolvent(a, 2j * omega, forms(q, q))
    h11 = _resolvent(a, 0.0, forms(q, r)).real
    third = forms(q, q, r) + 2 * forms(q, h11) + forms(r, h20)
    return complex(np.vdot(p, third)) / 2, h20, h11


def critical_pair(
    a: np.ndarray, omega: float, norm_of: Indices = None
) -> tuple[np.ndarray, np.ndarray]:
    """Left p and right q (n,) with A q = i omega q, A^T p = -i omega p, ||q|| = 1, <p, q> = 1."""
    p, q = _null_pair(a - 1j * omega * np.eye(len(a)), norm_of)
    return p / np.vdot(q, p), q


def real_pair(a: np.ndarray, norm_of: Indices = None) -> tuple[np.ndarray, np.ndarray]:
    """Left p and right q (n,) of the simple eigenvalue 0, ||q|| = 1, <p, q> = 1; p is NaN where it
    is a double one with a single eigenvector, as of centres that meet."""
    p, q = _null_pair(a, norm_of)
    product = p @ q
    return p / product if product else np.full_like(p, np.nan), q


def _null_pair(k: np.ndarray, norm_of: Indices) -> tuple[np.ndarray, np.ndarray]:
    """Left and right null vectors of a matrix of rank n - 1, ||q|| = 1, ||p|| = 1 over all.

    The singular vectors are good to rounding of the largest entry; a bordered solve makes the
    small components of badly scaled models good too. Nothing here needs 0 to be a simple
    eigenvalue, so that Bogdanov-Takens points are no exception.
    """
    left, right = null_vectors(k)
    right = right.conj()
    border = np.append(np.zeros(len(k)), 1.0)
    system = _bordered(k, left, right)
    q = np.linalg.solve(system, border)[:-1]
    p = np.linalg.solve(system.conj().T, border)[:-1]
    q = q / np.linalg.norm(q if norm_of is None else q[norm_of])
    largest = q[np.argmax(np.abs(q))]
    return p / np.linalg.norm(p), q * (abs(largest) / largest)


def _bordered(k: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """[[k, left], [right^H, 0]]: regular for null vectors of k, with borders as large as k."""
    n, size = len(k), float(np.linalg.norm(k)) or 1.0
    system = np.zeros((n + 1, n + 1), dtype=np.result_type(k, left, right))
    system[:n, :n] = k
    system[:n, n] = left * (size / np.linalg.norm(left))
    system[n, :n] = right.conj() * (size / np.linalg.norm(right))
    return system


def _singular_solve(k: np.ndarray, p: np.ndarray, q: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A solution x of k x = right up to a multiple of p, orthogonal to q; p^H k = 0, k q = 0."""
    return np.linalg.solve(_bordered(k, p, q), np.append(right, 0.0))[:-1]


def _complement_solve(k: np.ndarray, p: np.ndarray, q: np.ndarray, right: np.ndarray) -> np.ndarray:
    """k x = right - <p, right> q with <p, x> = 0, for null vectors with <p, q> = 1."""
    x = _singular_solve(k, p, q, right - np.vdot(p, right) * q)
    return x - np.vdot(p, x) * q


def _resolvent(a: np.ndarray, shift: complex, right: np.ndarray) -> np.ndarray:
    """(shift I - a)^-1 right; nan where there is none, as beside a further eigenvalue of zero.

    A symmetry may keep ``right`` out of the way of that eigenvalue: then there is one.
    """
    matrix = shift * np.eye(len(a)) - a
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        x = np.linalg.lstsq(matrix, right)[0]
        missed = np.linalg.norm(matrix @ x - right) > _CONSISTENT * np.linalg.norm(right)
        return np.full_like(x, np.nan) if missed else x
