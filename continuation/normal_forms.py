"""Normal-form coefficients of equilibrium bifurcations, from exact multilinear forms.

Formulas: Kuznetsov 1999, SIAM J. Numer. Anal. 36(4):1104-1124; Kuznetsov 2004, Elements of Applied
Bifurcation Theory, chapters 5 and 8. Critical vectors are normalized by ||q|| = 1 over
``norm_of`` (the physical states of a delay model, all states by default) and <p, q> = 1, with
<p, q> = conj(p) . q. Every function takes the Jacobian ``a`` (n, n) at the located point and the
``forms`` B, C, D, E.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from continuation.borders import null_vectors

Forms = Callable[..., np.ndarray]
Indices = np.ndarray | None


def fold(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``a``: quadratic coefficient of the fold, w' = beta + a w^2; its sign follows that of q."""
    p, q = _real_pair(a, norm_of)
    return {"a": float(p @ forms(q, q)) / 2}


def cusp(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``c``: cubic coefficient of the cusp, w' = b1 + b2 w + c w^3."""
    p, q = _real_pair(a, norm_of)
    second = forms(q, q)
    h2 = -_bordered(a, p, q, second - (p @ second) * q)
    return {"c": float(p @ (forms(q, q, q) + 3 * forms(q, h2))) / 6}


def branch_point(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``a`` (zero at a pitchfork, else transcritical) and the cubic coefficient ``c``."""
    return fold(a, forms, norm_of) | cusp(a, forms, norm_of)


def hopf(a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None) -> dict[str, float]:
    """``l1`` = Re c1 / omega, the first Lyapunov coefficient (negative: supercritical), and ``re_c1``.

    MatCont and BifurcationKit print Re c1.
    """
    c1 = _hopf_cubic(a, forms, omega, *critical_pair(a, omega, norm_of))[0]
    return {"l1": float(c1.real / omega), "re_c1": float(c1.real)}


def bogdanov_takens(a: np.ndarray, forms: Forms, norm_of: Indices = None) -> dict[str, float]:
    """``a``, ``b`` of w0' = w1, w1' = a w0^2 + b w0 w1; both change sign with q0."""
    p1, q0 = _real_pair(a, norm_of)
    q1 = _singular_solve(a, p1, q0, q0)
    part = slice(None) if norm_of is None else norm_of
    q1 -= (q1[part] @ q0[part]) / (q0[part] @ q0[part]) * q0
    p1 = p1 / (p1 @ q1)
    p0 = _singular_solve(a.T, q0, p1, p1)
    p0 -= (p0 @ q1) * p1
    second = forms(q0, q0)
    b = p0 @ second + p1 @ forms(q0, q1)
    return {"a": float(p1 @ second) / 2, "b": float(b)}


def bautin(a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None) -> dict[str, float]:
    """``l2`` = Re c2 / omega, the second Lyapunov coefficient, and ``re_c2`` (as MatCont prints)."""
    p, q = critical_pair(a, omega, norm_of)
    c1, h20, h11 = _hopf_cubic(a, forms, omega, p, q)
    r, eye = q.conj(), np.eye(len(a))
    h02 = h20.conj()

    def solve(k: int, right: np.ndarray) -> np.ndarray:
        return np.linalg.solve(k * 1j * omega * eye - a, right)

    h30 = solve(3, forms(q, q, q) + 3 * forms(q, h20))
    g21 = forms(q, q, r) + forms(r, h20) + 2 * forms(q, h11)
    h21 = _bordered(1j * omega * eye - a, p.conj(), q, g21 - 2 * c1 * q)
    h12 = h21.conj()
    h31 = solve(
        2,
        forms(q, q, q, r) + 3 * forms(q, q, h11) + 3 * forms(q, r, h20)
        + 3 * forms(h20, h11) + forms(r, h30) + 3 * forms(q, h21) - 6 * c1 * h20,
    )  # fmt: skip
    h22 = -np.linalg.solve(
        a,
        forms(q, q, r, r) + 4 * forms(q, r, h11) + forms(r, r, h20) + forms(q, q, h02)
        + 2 * forms(h11, h11) + 2 * forms(q, h12) + 2 * forms(r, h21) + forms(h20, h02)
        - 4 * h11 * (c1 + c1.conjugate()).real,
    )  # fmt: skip
    total = (
        forms(q, q, q, r, r) + forms(q, q, q, h02) + 6 * forms(q, q, r, h11)
        + 3 * forms(q, r, r, h20) + 3 * forms(q, q, h12) + 6 * forms(q, r, h21)
        + forms(r, r, h30) + 3 * forms(q, h20, h02) + 6 * forms(q, h11, h11)
        + 6 * forms(r, h20, h11) + 3 * forms(q, h22) + 2 * forms(r, h31)
        + 3 * forms(h20, h12) + 6 * forms(h11, h21) + forms(h30, h02)
    )  # fmt: skip
    c2 = (p.conj() @ total) / 12
    return {"l2": float(c2.real / omega), "re_c2": float(c2.real)}


def zero_hopf(
    a: np.ndarray, forms: Forms, omega: float, norm_of: Indices = None
) -> dict[str, float]:
    """``s``, ``theta``, ``E`` of x' = x^2 + s |z|^2, z' = (i omega + theta x + x^2) z and raw terms.

    E (its sign directs time) as in Kuznetsov 1999, section 3.3.
    """
    p0, q0 = _real_pair(a, norm_of)
    p1, q1 = critical_pair(a, omega, norm_of)
    eye, r1 = np.eye(len(a)), q1.conj()
    left1 = p1.conj()
    b00, b11, b01 = forms(q0, q0), forms(q1, r1).real, forms(q0, q1)
    g200, g011, g110 = p0 @ b00, p0 @ b11, left1 @ b01
    h200 = -_bordered(a, p0, q0, b00 - g200 * q0)
    h011 = -_bordered(a, p0, q0, b11 - g011 * q0)
    h020 = np.linalg.solve(2j * omega * eye - a, forms(q1, q1))
    h110 = _bordered(1j * omega * eye - a, left1, q1, b01 - g110 * q1)
    g300 = p0 @ (forms(q0, q0, q0) + 3 * forms(q0, h200))
    g111 = (
        p0 @ (forms(q0, q1, r1) + forms(q1, h110.conj()) + forms(r1, h110) + forms(q0, h011))
    ).real
    g210 = left1 @ (forms(q0, q0, q1) + 2 * forms(q0, h110) + forms(q1, h200))
    g021 = left1 @ (forms(q1, q1, r1) + 2 * forms(q1, h011) + forms(r1, h020))
    e = (g210 + g110 * ((g021 / g011).real - g300 / g200 + g111 / g011) - g021 * g200 / g011) / 2
    return {
        "s": float(np.sign(g200 * g011)),
        "theta": float(g110.real / g200),
        "E": float(e.real),
    }


def hopf_hopf(
    a: np.ndarray, forms: Forms, omega: float, other: float, norm_of: Indices = None
) -> dict[str, float]:
    """Cubic coefficients p11, p12, p21, p22 and theta = p12 / p22, delta = p21 / p11."""
    eye = np.eye(len(a))
    (p1, q1), (p2, q2) = (critical_pair(a, w, norm_of) for w in (omega, other))

    def half(p, q, w):
        return (p.conj() @ _hopf_third(a, forms, w, q)[0]).real / 2

    def cross(p, q, w, s, v):
        """Re of the coefficient of z |y|^2 in z', z along q at w, y along s at v."""
        h11 = -np.linalg.solve(a, forms(s, s.conj()))
        plus = np.linalg.solve(1j * (w + v) * eye - a, forms(q, s))
        minus = np.linalg.solve(1j * (w - v) * eye - a, forms(q, s.conj()))
        total = forms(q, s, s.conj()) + forms(q, h11) + forms(s, minus) + forms(s.conj(), plus)
        return (p.conj() @ total).real

    p11, p22 = half(p1, q1, omega), half(p2, q2, other)
    p12, p21 = cross(p1, q1, omega, q2, other), cross(p2, q2, other, q1, omega)
    raw = {"p11": p11, "p12": p12, "p21": p21, "p22": p22}
    return {k: float(v) for k, v in (raw | {"theta": p12 / p22, "delta": p21 / p11}).items()}


def critical_pair(
    a: np.ndarray, omega: float, norm_of: Indices = None
) -> tuple[np.ndarray, np.ndarray]:
    """Left p and right q (n,) with A q = i omega q, A^T p = -i omega p, <p, q> = 1."""
    u, _, vh = np.linalg.svd(a - 1j * omega * np.eye(len(a)))
    q, p = vh[-1].conj(), u[:, -1]
    q = q / _length(q, norm_of)
    return p / (p.conj() @ q).conjugate(), q


def _hopf_third(a: np.ndarray, forms: Forms, omega: float, q: np.ndarray):
    eye, r = np.eye(len(a)), q.conj()
    h20 = np.linalg.solve(2j * omega * eye - a, forms(q, q))
    h11 = -np.linalg.solve(a, forms(q, r)).real
    return forms(q, q, r) + 2 * forms(q, h11) + forms(r, h20), h20, h11


def _hopf_cubic(a, forms, omega, p, q) -> tuple[complex, np.ndarray, np.ndarray]:
    third, h20, h11 = _hopf_third(a, forms, omega, q)
    return complex(p.conj() @ third) / 2, h20, h11


def _real_pair(a: np.ndarray, norm_of: Indices) -> tuple[np.ndarray, np.ndarray]:
    """Left p and right q of the eigenvalue 0; <p, q> = 1 unless that vanishes (as at a BT point)."""
    p, q = null_vectors(a)
    q = q / _length(q, norm_of)
    if q[np.argmax(np.abs(q))] < 0:
        q = -q
    product = p @ q
    return (p / product if abs(product) > 1e-7 * np.linalg.norm(q) else p), q


def _length(q: np.ndarray, norm_of: Indices) -> float:
    return float(np.linalg.norm(q if norm_of is None else q[norm_of]))


def _bordered(a: np.ndarray, p: np.ndarray, q: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solution x of the singular system a x = right with p . x = 0 (p . a = 0, a q = 0)."""
    x = _singular_solve(a, p, q, right)
    return x - (p @ x) / (p @ q) * q


def _singular_solve(a: np.ndarray, p: np.ndarray, q: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A solution x of a x = right, orthogonal to q; regular also where p . q = 0."""
    n = len(a)
    system = np.zeros((n + 1, n + 1), dtype=np.result_type(a, p, q, right))
    system[:n, :n], system[:n, n], system[n, :n] = a, p.conj(), q.conj()
    return np.linalg.solve(system, np.append(right, 0))[:n]
