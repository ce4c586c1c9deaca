"""The command line as a user meets it: files, messages, exit codes."""

from __future__ import annotations

import csv

import pytest

from continuation import load
from dynsys.commands import main


def test_models_and_describe(capsys):
    assert main(["models"]) == 0
    assert "aln" in capsys.readouterr().out
    assert main(["describe", "aln", "--set", "a=15"]) == 0
    text = capsys.readouterr().out
    assert "mu_fE'" in text
    assert "transport lines of 6 Chebyshev nodes" in text


def test_equilibria_leave_figure_data_table_and_report(tmp_path, capsys):
    out = tmp_path / "run"
    command = ["equilibria", "wilson_cowan", "--parameter", "P", "-3", "6", "--out", str(out)]
    assert main(command) == 0
    names = {p.name for p in out.iterdir()}
    assert names == {
        "branch.png", "branch.svg", "branch.nc", "special_points.csv", "report.html",
        "explore.html",
    }  # fmt: skip
    rows = list(csv.DictReader((out / "special_points.csv").open()))
    assert [row["name"] for row in rows] == ["H1", "LP1", "LP2"]
    assert float(rows[0]["P"]) == pytest.approx(-1.568000981107, abs=1e-9)
    assert load(out / "branch.nc")["H1"].label == "H"
    report = (out / "report.html").read_text()
    assert "data:image/png;base64" in report
    assert 'href="explore.html"' in report
    assert "http" not in report.replace("<!doctype html>", "")


def test_cycles_and_phase_response_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "cycles"
    span = ["--parameter", "I", "60", "260"]
    assert main(["cycles", "morris_lecar", *span, "--hopf", "H2", "--out", str(out)]) == 0
    rows = list(csv.DictReader((out / "special_points.csv").open()))
    folds = sorted(float(row["I"]) for row in rows if row["name"].startswith("LPC"))
    assert folds == pytest.approx([88.2932505431, 216.899801389], rel=1e-6)
    assert load(out / "cycles.nc")["LPC1"].label == "LPC"
    prc = tmp_path / "prc"
    command = ["prc", "morris_lecar", "--at", "I=100", "--input", "I", "--out", str(prc)]
    assert main(command) == 0
    assert {p.name for p in prc.iterdir()} == {
        "phase_response.png", "phase_response.svg", "phase_response.csv",
    }  # fmt: skip
    assert main(["cycles", "morris_lecar", "--parameter", "I", "0", "50", "--out", str(out)]) == 1
    assert "no Hopf point" in capsys.readouterr().err


def test_a_diagram_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "figure"
    command = ["diagram", "wilson_cowan", "--x", "P", "-4", "7", "--y", "Q", "-9", "0"]
    assert main([*command, "--out", str(out)]) == 0
    diagram = load(out / "diagram.nc")
    assert {p.label for p in diagram.special_points} >= {"BT", "CP", "GH"}
    assert (out / "diagram.png").stat().st_size > 10_000


def test_a_diagram_in_one_parameter_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "line"
    assert main(["diagram", "morris_lecar", "--x", "I", "50", "260", "--out", str(out)]) == 0
    names = {p.name for p in out.iterdir()}
    assert {"diagram.png", "equilibria.nc", "cycles1.nc", "report.html"} <= names
    assert "LPC2" in capsys.readouterr().out


def test_a_users_own_model_is_a_file_and_a_name(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "from dynsys import VectorField\n"
        "def fold():\n"
        "    return VectorField('fold', {'x': 0.5}, {'m': 1.0}, {'x': 'm - x^2'})\n"
    )
    assert main(["describe", f"{tmp_path}/mine.py:fold"]) == 0
    assert "x' = m - x**2" in capsys.readouterr().out
    assert main(["describe", f"{tmp_path}/mine.py:fald"]) == 1
    assert "Did you mean 'fold'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["describe", "alnn"], "Did you mean 'aln'"),
        (["describe", "aln", "--set", "mu_ee=1"], "Did you mean 'mu_e'"),
        (["describe", "aln", "--set", "mu_e"], "not NAME=VALUE"),
        (["describe", "aln", "--set", "mu_e=lots"], "not NAME=VALUE"),
        (["describe", "morris_lecar", "--wiring", "stated"], "no option 'wiring'"),
        (["describe", "master_equation", "--option", "circit=x"], "Did you mean 'circuit'"),
        (["describe", "master_equation", "--option", "circuit=x"], "no circuit 'x'"),
        (["describe", "master_equation", "--option", "order=two"], "order of master_equation is"),
        (["describe", "nowhere/model.py:m"], "no file"),
        (["equilibria", "aln", "--parameter", "mu_e", "3", "0", "--out", "x"], "reversed"),
        (["equilibria", "aln", "--parameter", "mu_e", "a", "b", "--out", "x"], "two numbers"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(
    command, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_is_answered_with_the_nearest(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["digram"])
    assert stop.value.code == 2
    assert "Did you mean 'diagram'" in capsys.readouterr().err


def test_transfer_functions_from_the_command_line(capsys):
    assert main(["transfer-function", "--at", "1.2922636", "1.5"]) == 0
    assert "35.31" in capsys.readouterr().out
    assert main(["transfer-function", "--C", "-1"]) == 1
    assert "EIFNeuron.C" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tool", "names"),
    [
        ("auto", {"morris_lecar.c", "c.morris_lecar", "morris_lecar.auto"}),
        ("xppaut", {"morris_lecar.ode"}),
        ("pydstool", {"morris_lecar.py"}),
        ("latex", {"morris_lecar.tex"}),
    ],
)
def test_a_model_is_exported_from_the_command_line(tool, names, tmp_path, capsys):
    command = ["export", "morris_lecar", "--set", "I=42", "--to", tool, "--out", str(tmp_path)]
    assert main(command) == 0
    assert {p.name for p in tmp_path.iterdir()} == names
    assert set(capsys.readouterr().out.split()) == {str(tmp_path / name) for name in names}
    assert any("42" in p.read_text() for p in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "auto", "--parameter", "II", "0", "1"], "Did you mean 'I'"),
        (["--to", "auto", "--parameter", "I", "a", "b"], "two numbers"),
        (["--to", "latex", "--parameter", "I", "0", "1"], "belongs to --to auto"),
    ],
)
def test_an_export_that_makes_no_sense_writes_nothing(options, message, tmp_path, capsys):
    assert main(["export", "morris_lecar", *options, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_export_to_an_unknown_tool_is_answered_with_the_nearest(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "aln", "--to", "xpaut", "--out", str(tmp_path)])
    assert "Did you mean 'xppaut'" in capsys.readouterr().err


def test_a_neurons_pattern_rate_and_onset_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "neuron"
    values = ["--set", "Vr=-47"]
    assert main(["neuron", "pattern", "irregular", *values, "--out", str(out)]) == 0
    assert "irregular at 65 pA" in capsys.readouterr().out
    assert main(["neuron", "onset", "transient", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Andronov-Hopf at 56.171861 pA" in printed
    assert "transient firing from 43.598 to 56.0464 pA" in printed
    assert main(["neuron", "rate", "adapting", "--span", "20", "80", "--out", str(out)]) == 0
    assert "firing from 36.000" in capsys.readouterr().out
    names = {p.name for p in out.iterdir()}
    assert names == {"rate.nc"} | {
        f"{k}.{kind}" for k in ("response", "map", "equilibria", "phase_plane", "rate")
        for kind in ("png", "svg")
    }  # fmt: skip
    assert main(["neuron", "pattern", "tonics", "--out", str(tmp_path / "no")]) == 1
    assert "Did you mean 'tonic'" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
