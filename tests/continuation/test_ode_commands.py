"""The shell on a model of one's own, as XPPAUT reads it."""

from __future__ import annotations

import pytest

from dynsys.commands import main

# Wang & Buzsaki 1996: an interneuron of class I, whose rhythm begins on an invariant circle.
WANG_BUZSAKI = """par I=1,gna=35,gk=9,gl=0.1,ena=55,ek=-90,el=-65,phi=5
am(v)=0.1*(v+35)/(1-exp(-0.1*(v+35)))
bm(v)=4*exp(-(v+60)/18)
minf(v)=am(v)/(am(v)+bm(v))
ah(v)=0.07*exp(-(v+58)/20)
bh(v)=1/(1+exp(-0.1*(v+28)))
an(v)=0.01*(v+34)/(1-exp(-0.1*(v+34)))
bn(v)=0.125*exp(-(v+44)/80)
v'=I-gl*(v-el)-gna*minf(v)^3*h*(v-ena)-gk*n^4*(v-ek)
h'=phi*(ah(v)*(1-h)-bh(v)*h)
n'=phi*(an(v)*(1-n)-bn(v)*n)
init v=-64,h=0.78,n=0.09
@ total=300,dt=0.01,ylo=-90,yhi=50
done
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "wb.ode"
    path.write_text(WANG_BUZSAKI)
    return str(path)


def test_an_ode_file_is_described_with_values_from_a_file(file, tmp_path, capsys):
    (tmp_path / "values.txt").write_text("gna=36  # more sodium\n\nphi=4,\n")
    values = str(tmp_path / "values.txt")
    assert main(["describe", file, "--set-file", values, "--set", "phi=3"]) == 0
    text = capsys.readouterr().out
    assert "gna  36" in text and "phi  3" in text and "per time unit" in text
    assert main(["describe", file, "--time-unit", "ms"]) == 0
    assert "time in ms" in capsys.readouterr().out
    assert main(["describe", "aln", "--time-unit", "ms"]) == 1
    assert main(["describe", file, "--set-file", str(tmp_path / "none")]) == 1


def test_the_cycles_of_a_class_one_neuron_come_from_a_simulation(file, tmp_path, capsys):
    words = [
        "cycles",
        file,
        "--parameter",
        "I",
        "0",
        "2",
        "--time-unit",
        "ms",
        "--max-points",
        "40",
    ]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert "limit cycles of wb in I" in capsys.readouterr().out
    assert (tmp_path / "out" / "cycles.nc").is_file()


def test_the_diagram_of_one_parameter_shows_the_observable_asked_for(file, tmp_path):
    words = ["diagram", file, "--x", "I", "-1", "0.5", "--observable", "h"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "diagram.png").is_file()
    assert main([*words, "--y", "phi", "1", "5", "--out", str(tmp_path / "out")]) == 1
