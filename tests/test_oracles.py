"""The published numbers themselves: what can be checked without any continuation."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from continuation import equilibria
from tests.oracles import NAMES, analytic, delayed, forced, system, table

SYSTEMS = [*map(system, NAMES), *analytic.SYSTEMS, *delayed.SYSTEMS]


def records() -> list:
    found = []
    for oracle in SYSTEMS:
        for k, record in enumerate(oracle.points):
            if "x" in record:
                found.append(pytest.param(oracle, record, id=f"{oracle.name}-{record['type']}-{k}"))
    return found


@pytest.mark.parametrize(("oracle", "record"), records())
def test_every_published_state_is_an_equilibrium(oracle, record):
    values = record.get("pars") or {record["par"]: record["p"]}
    model = oracle.model(**record.get("fixed", {}), **values)
    x = model.fill_lines(np.array(record["x"], dtype=float), model.parameter_array())
    # States and parameters are printed with 10 digits or more.
    bound = 1e-9 * np.abs(model.jacobian(x)).max() * max(1.0, np.abs(x).max())
    assert np.abs(model.rhs(x)).max() <= bound


@pytest.mark.parametrize("record", [p for p in delayed.HUTCHINSON.points if "roots" in p])
def test_hutchinson_roots_solve_the_characteristic_equation(record):
    for real, imaginary in record["roots"]:
        root = complex(real, imaginary)
        assert root + record["p"] * cmath.exp(-root) == pytest.approx(0, abs=1e-10)


def test_the_mackey_glass_hopf_point_solves_the_characteristic_equation():
    hopf = delayed.MACKEY_GLASS.select("H")[0]
    root = 1j * hopf["omega"]
    slope = -4.0  # of 2 x / (1 + x^10) at x = 1
    assert root + 1 - slope * cmath.exp(-root * hopf["p"]) == pytest.approx(0, abs=1e-14)
    assert hopf["p"] == pytest.approx(0.47081962893608, rel=1e-13)  # as published


@pytest.mark.parametrize("record", [p for p in delayed.NEURON.points if p["type"] in ("H", "HH")])
def test_neuron_hopf_points_solve_the_characteristic_equation(record):
    values = {**delayed.NEURON.parameters, **(record.get("pars") or {"a21": record["p"]})}
    for omega in record.get("omegas") or [record["omega"]]:
        root = 1j * omega
        own = root + 0.5 + cmath.exp(-root * values["ts"])
        other = values["a12"] * values["a21"] * cmath.exp(-0.4 * root)
        assert own**2 - other == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("phase", np.linspace(0.0, 6.0, 7))
def test_a_cosine_of_every_amplitude_solves_the_sinus_equation(phase):
    for amplitude in (0.3, 1.0, 1.7):
        x, x_tau = amplitude * math.cos(phase), amplitude * math.cos(phase - math.pi / 2)
        field = -x_tau + (x**2 + x_tau**2 - amplitude**2) ** 2 * x
        assert field == pytest.approx(-amplitude * math.sin(phase), abs=1e-14)


@pytest.mark.parametrize("oracle", forced.SYSTEMS, ids=lambda oracle: oracle.name)
def test_the_forcing_turns_on_the_unit_circle_at_its_frequency(oracle):
    model = oracle.model()
    angle, omega = 0.7, model.parameters["om"]
    field = model.rhs([0.2, -0.1, math.cos(angle), math.sin(angle)])
    assert field[2] == pytest.approx(-omega * math.sin(angle), abs=1e-14)
    assert field[3] == pytest.approx(omega * math.cos(angle), abs=1e-14)


SPANS = {"stuart_landau": "mu", "bautin": "beta1", "cusp": "beta1", "bogdanov_takens": "beta1"}


@pytest.mark.parametrize("oracle", analytic.SYSTEMS, ids=lambda oracle: oracle.name)
def test_normal_forms_have_the_points_and_coefficients_that_algebra_gives(oracle):
    parameter = SPANS[oracle.name]
    branch = equilibria(oracle.model(), parameter, (-1.0, 1.0))
    for record in oracle.select("H", "LP"):
        near = [
            point
            for point in branch.points(record["type"])
            if abs(point.parameters[parameter] - record["p"]) < 1e-9
        ]
        assert len(near) == 1
        assert near[0].state == pytest.approx(np.array(record["x"]), abs=1e-8)
        if record["type"] == "H":
            assert near[0].omega == pytest.approx(record["omega"], rel=1e-9)
            assert near[0].coefficients["re_c1"] == pytest.approx(record["re_g21_half"], rel=1e-9)
            assert near[0].lyapunov_coefficient == pytest.approx(record["l1_kuznetsov"], rel=1e-9)
        else:
            assert abs(near[0].coefficients["a"]) == pytest.approx(record["abs_a"], rel=1e-8)


def test_the_table_in_the_documentation_is_what_the_engine_computes():
    # Points to 1e-8 relative: folds of cycles carry about 9 digits, the others more.
    lines = [line for line in table.PATH.read_text().splitlines() if line.startswith("| ")][1:]
    written = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(written) > 100
    assert len({row[0] for row in written}) >= 15
    for row in written:
        assert table.difference(float(row[3]), float(row[4])) < 1e-8, row
    for name in ("morris_lecar", "enzyme_plp", "hodgkin_huxley"):
        ours = [f"{row[4]:.9g}" for row in table.rows(name)]
        assert ours == [f"{float(row[4]):.9g}" for row in written if row[0] == name]
