"""A located point becomes a ``SpecialPoint``: coefficients, eigenvalues and its certificate."""

from __future__ import annotations

from typing import Any

import numpy as np

from continuation.engine.following import Follower
from continuation.engine.intervals import Interval
from continuation.engine.multilinear import MultilinearForms
from continuation.engine.problems import EQUILIBRIUM, HOPF
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states import normal_forms
from continuation.steady_states.characteristic_equation import CharacteristicEquation
from dynsys.delays import differentiation_matrix
from dynsys.vector_field import VectorField

_SAME = 1e-6  # relative difference of frequencies below which two are one


def make_point(
    follower: Follower, y: np.ndarray, label: str, interval: Interval | None, residual: float
) -> SpecialPoint:
    """Normal form, spectrum and certificate of a point that lies on ``follower``'s curve."""
    model, x = follower.at(y), follower.state(y)
    spectrum = np.linalg.eigvals(model.jacobian(x))
    spectrum = spectrum[np.argsort(-spectrum.real)]
    omega = None
    if follower.problem is HOPF:
        omega = float(np.sqrt(max(y[-1] * follower.scale[-1], 0.0)))
    certificate: dict[str, Any] = {"residual": residual}
    if follower.problem is not EQUILIBRIUM:
        # The last rows are the bordered test functions of a fold or Hopf point.
        certificate["test_function"] = float(np.max(np.abs(follower.evaluate(y)[0][follower.n :])))
    critical = 1j * omega if omega is not None else 0.0
    certificate["eigenvalue_residual"] = float(np.min(np.abs(spectrum - critical)))
    if interval is not None:
        name = follower.names[0]
        ends = sorted(follower.values(e.point)[name] for e in (interval.left, interval.right))
        certificate["bracket"] = ends
    if model.lines and follower.settings.delay_check and label != "suspect":
        certificate["delay_residual"] = delay_residual(model, x, critical)
    if label == "H" and omega is not None:
        forms, norm_of = MultilinearForms.from_model(model, x), np.arange(model.physical_dimension)
        certificate["l1_error"] = normal_forms.hopf_error(model.jacobian(x), forms, omega, norm_of)
    return SpecialPoint(
        label=label,
        state=x,
        parameters=dict(model.parameters),
        eigenvalues=spectrum,
        model=model,
        free=follower.names,
        frequency=None if omega is None else omega / (2 * np.pi) * model.frequency_factor,
        coefficients=coefficients(model, x, label, omega),
        certificate=certificate,
        index=0 if interval is None else interval.index,
    )


def coefficients(
    model: VectorField, x: np.ndarray, label: str, omega: float | None
) -> dict[str, float]:
    """Normal-form coefficients of a located point; empty where the label has no normal form."""
    a, forms = model.jacobian(x), MultilinearForms.from_model(model, x)
    norm_of = np.arange(model.physical_dimension)
    if label in _REAL:
        try:
            return _REAL[label](a, forms, norm_of)
        except np.linalg.LinAlgError:  # more than one eigenvalue is zero to the last digit
            return {}
    if label in _ROTATING and omega is not None:
        return _ROTATING[label](a, forms, omega, norm_of)
    other = second_frequency(a, omega) if label == "HH" and omega is not None else None
    if omega is not None and other is not None:
        return normal_forms.hopf_hopf(a, forms, omega, other, norm_of)
    return {}


_REAL = {
    "LP": normal_forms.fold,
    "BP": normal_forms.branch_point,
    "CP": normal_forms.cusp,
    "BT": normal_forms.bogdanov_takens,
}
_ROTATING = {
    "H": normal_forms.hopf,
    "GH": normal_forms.bautin,
    "ZH": normal_forms.zero_hopf,
}


def second_frequency(a: np.ndarray, omega: float) -> float | None:
    """Angular frequency of the other critical pair at a Hopf-Hopf point; None where both pairs have
    the same, as those of two units without coupling."""
    spectrum = np.linalg.eigvals(a)
    pairs = spectrum[spectrum.imag > 0]
    critical = pairs[np.argsort(np.abs(pairs.real))[:2]].imag
    other = critical[np.argmax(np.abs(critical - omega))]
    return None if abs(other - omega) <= _SAME * omega else float(other)


def characteristic_equation(model: VectorField, x: np.ndarray) -> CharacteristicEquation:
    """The exact characteristic equation of a delay model at an equilibrium.

    The linearized signals and delays are read off the first node of every transport line, whose
    equation is u' = (D10 s(x, u) + sum_j D1j u_j) / tau.
    """
    n, lines, order = model.physical_dimension, len(model.lines), model.delay_order
    jacobian = model.jacobian(x)
    signals = np.empty(2 * lines)
    compiled = model.compiled
    compiled.signals(np.ascontiguousarray(x), model.parameter_array(), compiled.tables, signals)
    tau = signals[lines:]
    outputs = n + order * np.arange(1, lines + 1) - 1
    firsts = n + order * np.arange(lines)
    matrix = differentiation_matrix(order)
    s_x, s_u = np.empty((lines, n)), np.empty((lines, lines))
    for k, row in enumerate(firsts):
        derivative = jacobian[row] * tau[k]
        derivative[row : row + order] -= matrix[1, 1:]
        s_x[k], s_u[k] = derivative[:n] / matrix[1, 0], derivative[outputs] / matrix[1, 0]
    return CharacteristicEquation(jacobian[:n, :n], jacobian[:n, outputs], s_x, s_u, tau)


def delay_residual(model: VectorField, x: np.ndarray, critical: complex) -> float:
    """Distance from a critical eigenvalue to the exact characteristic root next to it."""
    return float(abs(characteristic_equation(model, x).polish(critical) - critical))
