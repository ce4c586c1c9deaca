"""Fold, Hopf and codimension-two points against published digits (tests/oracles).

Tolerances: the published values are good to 10-13 digits, so 1e-9 relative in the parameter;
1e-6 in normal-form coefficients, which carry about 9 digits.
"""

from __future__ import annotations

import numpy as np
import pytest

from continuation import Settings, equilibria, fold_curve, hopf_curve
from tests.oracles import NAMES, system


def free_parameters(name: str):
    """(parameter, span that holds its published points) of a system."""
    records = [p for p in system(name).select("H", "LP") if "par" in p and "fixed" not in p]
    for parameter in sorted({p["par"] for p in records}):
        values = [p["p"] for p in records if p["par"] == parameter]
        width = max(np.ptp(values), 0.1 * np.max(np.abs(values)), 0.1)
        yield parameter, (min(values) - 0.3 * width, max(values) + 0.3 * width)


CASES = [(name, *case) for name in NAMES for case in free_parameters(name)]


@pytest.mark.parametrize(("name", "parameter", "span"), CASES, ids=lambda v: str(v)[:24])
def test_folds_and_hopf_points_have_the_published_digits(name, parameter, span):
    branch = equilibria(system(name).model(), parameter, span)
    records = [
        p for p in system(name).select("H", "LP") if p.get("par") == parameter and "fixed" not in p
    ]
    assert records
    for record in records:
        candidates = branch.points(record["type"])
        assert candidates, f"no {record['type']} found near {record['p']}"
        point = min(candidates, key=lambda q: abs(q.parameters[parameter] - record["p"]))
        assert point.parameters[parameter] == pytest.approx(record["p"], rel=1e-9, abs=1e-9)
        assert point.state == pytest.approx(np.array(record["x"], float), rel=1e-7, abs=1e-9)
        assert point.certificate["eigenvalue_residual"] < 1e-6
        if record["type"] == "H":
            assert point.omega == pytest.approx(record["omega"], rel=1e-9)
            assert point.lyapunov_coefficient == pytest.approx(record["l1_kuznetsov"], rel=1e-6)
        else:
            assert abs(point.coefficients["a"]) == pytest.approx(record["abs_a"], rel=1e-6)


PLANES = {
    "morris_lecar": ("I", "v3"),
    "hodgkin_huxley": ("I", "gK"),
    "jansen_rit": ("p", "C"),
    "wilson_cowan": ("P", "Q"),
    "qif_adaptation": ("eta", "alpha"),
    "lorenz_84": ("F", "T"),
    "co_oxidation": ("q2", "k"),
}


def curves_of(name: str):
    """All fold and Hopf curves from the one-parameter points of a system, and their plane."""
    oracle, plane = system(name), PLANES[name]
    records = oracle.select("H", "LP", "BT", "CP", "GH")
    spans = {}
    for parameter in plane:
        values = [oracle.parameters[parameter]]
        values += [p["pars"][parameter] for p in records if "pars" in p]
        values += [p["p"] for p in records if p.get("par") == parameter]
        margin = 0.2 * np.ptp(values) + 0.1 * np.max(np.abs(values))
        spans[parameter] = (min(values) - margin, max(values) + margin)
    branch = equilibria(oracle.model(), plane[0], spans[plane[0]])
    for point in branch.points("H"):
        yield hopf_curve(point, plane, spans)
    for point in branch.points("LP"):
        yield fold_curve(point, plane, spans)


@pytest.mark.parametrize("name", PLANES)
def test_codimension_two_points_have_the_published_digits(name):
    found = [point for curve in curves_of(name) for point in curve.special_points]
    records = [
        p for p in system(name).select("BT", "CP", "GH") if set(p["pars"]) == set(PLANES[name])
    ]
    if name == "morris_lecar":  # its cusps lie on fold curves that I alone does not meet at v3 = 2
        records = [p for p in records if p["type"] != "CP"]
    assert records
    for record in records:
        where = record["pars"]
        candidates = [p for p in found if p.label == record["type"]]
        assert candidates, f"no {record['type']} found near {where}"
        point = min(candidates, key=lambda q: sum(abs(q.parameters[k] - where[k]) for k in where))
        for k, value in where.items():
            assert point.parameters[k] == pytest.approx(value, rel=1e-9, abs=1e-9)
        c = point.coefficients
        if record["type"] == "BT":
            assert abs(c["a"]) == pytest.approx(record["abs_a"], rel=1e-5)
            assert abs(c["b"]) == pytest.approx(record["abs_b"], rel=1e-5)
            assert np.sign(c["a"] * c["b"]) == record["sign_ab"]
        elif record["type"] == "CP":
            assert abs(c["c"]) == pytest.approx(record["abs_c"], rel=1e-6)
        elif "re_c2" in record:
            assert c["re_c2"] == pytest.approx(record["re_c2"], rel=1e-6)


def test_morris_lecar_cusps_lie_on_the_fold_curve_that_its_bogdanov_takens_points_give():
    branch = equilibria(system("morris_lecar").model(v3=12.0), "I", (-100, 150))
    curve = fold_curve(branch["LP1"], ("I", "v3"), {"I": (-400, 700), "v3": (-80, 90)})
    for record in system("morris_lecar").select("CP")[:1]:
        near = min(curve.points("CP"), key=lambda p: abs(p.parameters["I"] - record["pars"]["I"]))
        assert near.parameters["I"] == pytest.approx(record["pars"]["I"], rel=1e-9)
        assert near.parameters["v3"] == pytest.approx(record["pars"]["v3"], rel=1e-9)
        assert abs(near.coefficients["c"]) == pytest.approx(record["abs_c"], rel=1e-6)


def test_lorenz_84_has_zero_hopf_points_and_a_hopf_hopf_point():
    # AUTO: ZH at F = 1.283419296, T = +-0.000126540832; both Hopf curves meet at F = 2.53322111.
    found = [point for curve in curves_of("lorenz_84") for point in curve.special_points]
    zero = [p.parameters for p in found if p.label == "ZH"]
    assert any(
        p["F"] == pytest.approx(1.283419296, abs=1e-8)
        and abs(p["T"]) == pytest.approx(0.000126540832, abs=1e-9)
        for p in zero
    )
    double = next(p for p in found if p.label == "HH")
    assert double.parameters["F"] == pytest.approx(2.53322111, abs=1e-7)
    assert double.parameters["T"] == pytest.approx(0.02627394, abs=1e-7)
    critical = np.sort(np.abs(double.eigenvalues.real))[:4]
    assert np.all(critical < 1e-7)


def test_lorenz_pitchfork_and_subcritical_hopf_are_where_algebra_puts_them():
    branch = equilibria(system("lorenz_63").model(rho=0.5), "rho", (0.0, 30.0), start=[0, 0, 0])
    assert branch["BP1"].parameters["rho"] == pytest.approx(1.0, abs=1e-9)
    hopf = branch.points("H")
    assert len(hopf) == 2  # one on each side of the symmetric pair
    sigma, beta = 10.0, 8.0 / 3.0
    exact = sigma * (sigma + beta + 3) / (sigma - beta - 1)
    for point in hopf:
        assert point.parameters["rho"] == pytest.approx(exact, abs=1e-9)
        assert point.criticality == "subcritical"


@pytest.mark.parametrize("step", [0.005, 0.02, 0.08, 0.3])
def test_the_same_points_are_found_at_every_step_size(step):
    # 11 variables, eight Hopf points in one parameter: four oscillators that cross the axis twice
    # each, at unrelated places, plus a stable node whose decay couples to the parameter.
    from dynsys import State, VectorField

    equations, states = {}, {}
    for k in range(5):
        rate, omega = f"(({0.9 - 0.17 * k} - (m - {0.13 * k})^2))", 1.0 + 0.37 * k
        equations[f"x{k}"] = f"{rate}*x{k} - {omega}*y{k} - x{k}^3"
        equations[f"y{k}"] = f"{omega}*x{k} + {rate}*y{k} - y{k}^3"
        states |= {f"x{k}": State(0.0, (-0.1, 0.1)), f"y{k}": State(0.0, (-0.1, 0.1))}
    equations["z"] = "m - z"
    states["z"] = State(0.0, (-2.0, 2.0))
    model = VectorField("many_hopf", states, {"m": -1.5}, equations, time_unit="")
    branch = equilibria(
        model, "m", (-2.0, 2.0), start=[0.0] * 10 + [-1.5],
        settings=Settings(step=step, step_max=step),
    )  # fmt: skip
    exact = sorted(0.13 * k + s * np.sqrt(0.9 - 0.17 * k) for k in range(5) for s in (-1, 1))
    found = sorted(p.parameters["m"] for p in branch.points("H"))
    assert found == pytest.approx(exact, abs=1e-9)
