"""XPPAUT files with one reset are spiking neurons; maps are maps; the rest is refused by line."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from continuation import fixed_points, read_map
from dynsys import ModelError, read_ode
from dynsys.neurons import read_neuron

LEAKY = """\
par vt=1, vr=0
v'=1.5-v
init v=0
global 1 {v-vt} {v=vr}
done
"""
IZHIKEVICH = """\
# Izhikevich 2003, regular spiking
par a=0.02, b=0.2, c=-65, d=8, i=10
u'=a*(b*v-u)
v'=0.04*v^2+5*v+140-u+i
init v=-65, u=-13
global 1 v-30 {v=c;u=u+d}
@ total=400, dt=0.001, meth=rungekutta, bounds=1000, maxstor=500000
done
"""


def read(folder, text, **options):
    (folder / "neuron.ode").write_text(text)
    return read_neuron(folder / "neuron.ode", **options)


def test_a_leaky_neuron_fires_with_its_exact_interval(tmp_path):
    neuron = read(tmp_path, LEAKY)
    assert (neuron.threshold, neuron.reset, neuron.refractory) == (1.0, 0.0, 0.0)
    assert neuron.rule.current == "I"  # added: the file has none
    intervals = neuron.spikes([0.0], 4).intervals
    assert intervals == pytest.approx(np.log(3.0), rel=1e-9)
    assert len(neuron.equilibria()) == 0
    assert neuron.rest(-1.0) == pytest.approx([0.5], rel=1e-12)


def test_izhikevichs_neuron_has_both_equilibria_of_its_parabola(tmp_path):
    neuron = read(tmp_path, IZHIKEVICH, current="i")
    assert list(neuron.field.states) == ["v", "u"]
    assert neuron.rule.at_spike() == {"u": "d"}
    assert neuron.parameters["v_cutoff"] == 30
    for current in (0.0, 3.0, 3.7):  # 0.04 v^2 + 4.8 v + 140 + i = 0
        found = [point.state[0] for point in neuron.equilibria(current)]
        assert found == pytest.approx(np.sort(np.roots([0.04, 4.8, 140 + current])), abs=1e-10)
    assert neuron.equilibria(4.1) == []


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="XPPAUT is not on the path")
def test_spikes_come_when_xppauts_do(tmp_path):
    neuron = read(tmp_path, IZHIKEVICH, current="i")
    subprocess.run(
        ["xppaut", "neuron.ode", "-silent"], cwd=tmp_path, check=False, capture_output=True,
        timeout=60,
    )  # fmt: skip
    rows = np.loadtxt(tmp_path / "output.dat")
    times = rows[1:, 0][np.diff(rows[:, 2]) < -50]
    ours = np.cumsum(neuron.spikes([-65.0, -13.0], len(times)).intervals)
    assert len(times) > 5
    assert ours == pytest.approx(times, abs=0.02)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("global -1 v-1 {v=0}", "upwards"),
        ("global 1 v^2-1 {v=0}", "one state crosses"),
        ("global 1 v-w-1 {v=0}", "one state crosses"),
        ("global 1 v-1 {w=w+1}", "crosses and is not set"),
        ("global 1 v-1 {v=0;w=2*w}", "no number and no parameter"),
        ("global 1 v-1 {v=0;k=3}", "sets no state"),
        ("global 1 v-1", "write global"),
        ("global 1 v-1 {v=0}\nglobal 1 w-1 {w=0}", "has 2 resets"),
        ("aux z=v", "has 0 resets"),
        ("global 1 v-1 {v=2}", "not below the cutoff"),
    ],
)
def test_resets_of_other_kinds_are_refused(statement, message, tmp_path):
    text = f"par k=1\nv'=2-v-w\nw'=-k*w\n{statement}\ndone\n"
    with pytest.raises(ModelError, match=message):
        read(tmp_path, text)


def test_other_states_that_are_not_linear_are_refused(tmp_path):
    with pytest.raises(ModelError, match="not linear in the other states"):
        read(tmp_path, "v'=2-v-w\nw'=-w^3+v\nglobal 1 v-1 {v=0}\ndone\n")


def test_read_ode_sends_resets_and_maps_where_they_are_read(tmp_path):
    (tmp_path / "a.ode").write_text(LEAKY)
    with pytest.raises(ModelError, match=r"line 4.*read_neuron"):
        read_ode(tmp_path / "a.ode")
    (tmp_path / "b.ode").write_text("x'=a*x*(1-x)\npar a=3.2\n@ total=50,meth=discrete\ndone\n")
    with pytest.raises(ModelError, match=r"line 3.*read_map"):
        read_ode(tmp_path / "b.ode")


@pytest.mark.parametrize(
    "text", ["r=a*x\nx'=r*(1-x)\n@ meth=discrete\n", "x(t+1)=a*x*(1-x)\n"], ids=["option", "t+1"]
)
def test_a_map_doubles_its_period_where_the_logistic_map_does(text, tmp_path):
    (tmp_path / "map.ode").write_text(f"par a=2.5\n{text}init x=0.6\ndone\n")
    logistic = read_map(tmp_path / "map.ode")
    assert logistic.step([0.5]) == pytest.approx([0.625])
    assert fixed_points(logistic, "a", (2.0, 3.5))["PD1"].parameters["a"] == pytest.approx(3.0)
    (tmp_path / "flow.ode").write_text("x'=-x\ndone\n")
    with pytest.raises(ModelError, match="is a flow"):
        read_map(tmp_path / "flow.ode")
