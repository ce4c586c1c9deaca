"""Normal-form coefficients against published digits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.continuation.steady_states.published_coefficients import (
    FUNCTIONS,
    coefficients,
    of_kind,
    refined,
)
from tests.continuation.steady_states.written_fields import Field


@of_kind("LP")
def test_fold_coefficients_have_the_published_size(point):
    assert abs(coefficients(str(point))["a"]) == pytest.approx(point.expected["a"], rel=1e-6)


@of_kind("H")
def test_first_lyapunov_coefficients_are_the_published_ones(point):
    found = coefficients(str(point))
    assert found["re_c1"] == pytest.approx(point.expected["re_c1"], rel=1e-6)
    assert found["l1"] == pytest.approx(point.expected["l1"], rel=1e-6)


@of_kind("CP")
def test_cusp_coefficients_have_the_published_size(point):
    assert abs(coefficients(str(point))["c"]) == pytest.approx(point.expected["c"], rel=1e-6)


@of_kind("BT")
def test_bogdanov_takens_coefficients_have_the_published_size_and_relative_sign(point):
    found, expected = coefficients(str(point)), point.expected
    assert abs(found["a"]) == pytest.approx(expected["a"], rel=1e-5)
    assert found["b"] * np.sign(found["a"]) == pytest.approx(expected["b"], rel=1e-5)


@of_kind("GH")
def test_second_lyapunov_coefficients_are_the_published_ones(point):
    assert coefficients(str(point))["re_c2"] == pytest.approx(point.expected["re_c2"], rel=1e-6)


@of_kind("H", "LP", "BT", "GH", "CP", names=("wc", "ml"))
def test_coordinates_that_only_listen_change_no_coefficient(point):
    model, x, values, omega = refined(point)
    names = model.states.split()
    listeners = [f"3*({names[0]} - l1)", f"5*(l1*{names[1]} - l2)"]
    more = Field(model.states + " l1 l2", values, model.equations + listeners, model.definitions)
    full = np.append(x, [x[0], x[0] * x[1]])
    a, forms = np.array(more.slope(*full, *values.values())), more.forms(full, values)
    norm_of = np.arange(len(x))
    rotation = [] if omega is None else [omega]
    found = FUNCTIONS[point.kind](a, forms, *rotation, norm_of)
    alone = coefficients(str(point))
    # The sign of q is that of its largest component, which may now be a listener's.
    for name, value in alone.items():
        assert abs(found[name]) == pytest.approx(abs(value), rel=1e-8)
