"""Explicit time and noise of .ode files: inputs and amplitudes that simulations use."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from dynsys import ModelError, simulate
from dynsys.inputs import course_of
from tests.dynsys.exchange.reading import rates, read_text

PULSE = """par i0=0.5, ip=0, ton=5, toff=10
is(t)=ip*heav(t-ton)*heav(toff-t)
v'=-v+i0+is(t)
init v=0
done
"""


def test_a_pulse_that_is_off_leaves_the_autonomous_model(tmp_path):
    model = read_text(tmp_path, PULSE)
    assert rates(model) == {"v": 0.5}
    assert list(model.inputs) == ["forcing"]
    assert any("the time enters through the input forcing" in note for note in model.notes)
    assert "forcing(t) =" in model.describe()


def test_a_simulation_follows_the_forcing_of_the_file(tmp_path):
    model = read_text(tmp_path, PULSE).with_parameters(ip=2.0)
    run = simulate(model, 20, sample=1.0, method="rk4", dt=0.01)
    before, during = 0.5 * (1 - math.exp(-5)), 2.5
    top = during + (before - during) * math.exp(-5)
    assert float(run["v"].sel(time=5)) == pytest.approx(before, abs=1e-9)
    assert float(run["v"].sel(time=10)) == pytest.approx(top, abs=1e-4)
    assert float(run["v"].sel(time=20)) == pytest.approx(
        0.5 + (top - 0.5) * math.exp(-10), abs=1e-4
    )


def test_a_sine_runs_as_its_exact_solution(tmp_path):
    model = read_text(tmp_path, "par w=2,a=3\ns=a*sin(w*t)\nx'=-x+s\ninit x=1\ndone\n")
    assert model.parameters["s"] == 0
    t = simulate(model, 10, sample=0.5)
    exact = 3 * (np.sin(2 * t.time) - 2 * np.cos(2 * t.time)) / 5 + (1 + 6 / 5) * np.exp(-t.time)
    assert np.abs(t["x"] - exact).max() < 1e-5


def test_the_time_itself_is_an_input(tmp_path):
    model = read_text(tmp_path, "x'=t-x\ndone\n")
    assert {k: str(v) for k, v in model.inputs.items()} == {"forcing": "t"}
    assert float(simulate(model, 2.0)["x"][-1]) == pytest.approx(1 + math.exp(-2), rel=1e-5)


def test_a_drift_is_followed_to_its_tolerance(tmp_path):
    run = simulate(read_text(tmp_path, "x'=2*cos(2*t)\ndone\n"), 3.0)
    assert np.abs(run["x"] - np.sin(2 * run["time"])).max() < 1e-5


def test_the_time_beside_states_is_split_off(tmp_path):
    text = "par g=2\nx'=g*cos(t)*x+if(t>5&x>0)then(1)else(exp(-t))\ninit x=1\n@ t0=5.5\ndone\n"
    model = read_text(tmp_path, text)
    assert rates(model)["x"] == pytest.approx(2 * math.cos(5.5) + 1)
    assert {str(s) for s in model.equations["x"].free_symbols} <= {"x", "g", *model.parameters}
    course = course_of(model.inputs["forcing"], model.parameters)
    assert np.isfinite(course(np.array([0.0, 3.0]))).all()


def test_noise_becomes_the_amplitude_of_its_state(tmp_path):
    model = read_text(tmp_path, "par s=0.3\nwiener w\nx'=-x+s*w\ninit x=1\ndone\n")
    assert rates(model) == {"x": -1}
    assert str(model.noise["x"]) == "s"
    one, other = (simulate(model, 1, dt=0.01, seed=k, method="euler") for k in (1, 2))
    assert float(one["x"][-1]) != float(other["x"][-1])
    assert float(simulate(model, 1, noise={})["x"][-1]) == pytest.approx(math.exp(-1), rel=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wiener w\nx'=-x+w^2", "not added"),
        ("wiener w\nx'=-x+w\ny'=-y+w", "of its own"),
        ("u=sin(t)\nx'=-delay(x,1)*delay(u,1)", "past of states only"),
    ],
)
def test_noise_and_time_that_a_model_cannot_hold_are_refused(text, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        read_text(tmp_path, f"{text}\ndone\n")


def test_inputs_noise_and_notes_survive_pickling(tmp_path):
    model = read_text(tmp_path, "wiener w\nx'=-x+w+sin(t)\nb x-1\ndone\n")
    back = pickle.loads(pickle.dumps(model))
    assert (dict(back.inputs), dict(back.noise)) == (dict(model.inputs), dict(model.noise))
    assert back.notes == model.notes != ()
