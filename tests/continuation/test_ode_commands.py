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


def test_auto_options_of_the_file_are_defaults_of_the_shell(tmp_path, capsys):
    path = tmp_path / "fold.ode"
    path.write_text(
        "par m=-1,k=1\nx'=m+k*x^2\ninit x=-1\n@ parmin=-2,parmax=1,nmax=90,ds=0.01\ndone\n"
    )
    out = ["--out", str(tmp_path / "out")]
    assert main(["equilibria", "--parameter", "m", str(path), *out]) == 0
    said = capsys.readouterr().out
    assert "settings of AUTO that are used: nmax, parmin, parmax, ds" in said
    assert "m -2 .." in said and "LP1" in said
    assert main(["equilibria", str(path), *out]) == 0
    assert "m is varied, its first parameter" in capsys.readouterr().out
    own = ["--parameter", "m", "-1", "0.5", str(path), "--max-points", "5"]
    assert main(["equilibria", *own, *out]) == 0
    said = capsys.readouterr().out
    assert "m -1 .." in said and "5 points" in said and "parmin" not in said


def test_a_file_is_simulated_as_it_says(tmp_path, capsys):
    path = tmp_path / "grow.ode"
    path.write_text("x'=1\n@ total=8,trans=3,meth=euler,dt=0.5,bounds=7\ndone\n")
    assert main(["simulate", str(path), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "grow: stopped at 4.5" in told.out and "x: 3 to 7, at the end 7" in told.out
    assert "x passed the bounds of 7" in told.err
    assert main(["simulate", str(path), "--duration", "2", "--out", str(tmp_path / "out")]) == 0
    assert "complete at 2" in capsys.readouterr().out
    assert main(["simulate", "aln", "--out", str(tmp_path / "out")]) == 1
    assert "give a duration" in capsys.readouterr().err


def test_what_is_varied_must_be_known(tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    for words, message in (
        (["equilibria", "fitzhugh_nagumo"], "say what is varied"),
        (["cycles", "fitzhugh_nagumo", "--parameter", "I"], "give the span of I"),
        (["diagram", "fitzhugh_nagumo", "--y", "I", "0", "1"], "two axes"),
        (["diagram", "fitzhugh_nagumo", "--x", "I", "0", "1", "--audit", "5"], "--audit"),
    ):
        assert main([*words, *out]) == 1
        assert message in capsys.readouterr().err
