"""The AUTO options of an .ode file are settings of the engine where there is a counterpart."""

from __future__ import annotations

import pytest

from continuation import CycleSettings, Settings, equilibria, settings_of_ode
from dynsys import ModelError, read_ode

TEXT = "par m=-1\nx'=m+x^2\ninit x=-1\n@ {}\ndone\n"


def written(folder, options):
    (folder / "fold.ode").write_text(TEXT.format(options))
    return folder / "fold.ode"


def test_auto_options_set_spans_steps_points_and_meshes(tmp_path):
    path = written(tmp_path, "ntst=60,nmax=150,parmin=-2,parmax=2,ds=-0.02,dsmin=1e-5,dsmax=0.06")
    chosen = settings_of_ode(path)
    assert chosen.span == (-2.0, 2.0)
    assert chosen.equilibria == Settings(step=0.01, step_min=5e-6, step_max=0.03, max_points=150)
    assert (chosen.cycles.intervals, chosen.cycles.max_points) == (60, 150)
    branch = equilibria(read_ode(path), "m", chosen.span, settings=chosen.equilibria)
    assert branch["LP1"].parameters["m"] == pytest.approx(0.0, abs=1e-9)
    assert branch.settings == chosen.equilibria
    notes = " ".join(read_ode(path).notes)
    assert "settings of AUTO" in notes and "left out" not in notes


def test_what_has_no_counterpart_is_left_out_and_told(tmp_path):
    chosen = settings_of_ode(written(tmp_path, "dsmax=0.5,epsl=1e-4,normmax=100"))
    assert (chosen.equilibria, chosen.cycles, chosen.span) == (Settings(), CycleSettings(), None)
    assert "dsmax left out" in chosen.notes[0]
    assert any("epsl, normmax" in note for note in read_ode(tmp_path / "fold.ode").notes)


def test_a_span_of_ones_own_wins_and_steps_longer_than_the_defaults_are_left_out(tmp_path):
    path = written(tmp_path, "parmin=-2,parmax=2,ds=0.02,dsmax=0.5,nmax=80")
    chosen = settings_of_ode(path, span=(-1, 1))
    assert chosen.span == (-1, 1) and chosen.used == ("nmax", "ds")
    assert chosen.equilibria == Settings(step=0.02, max_points=80)
    assert len(chosen.notes) == 1 and "dsmax=0.5 left out: 0.5 half spans" in chosen.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("parmin=2,parmax=1", "not below"),
        ("ntst=many", "is no number"),
        ("parmin=0,parmax=1,dsmin=0.5,dsmax=0.1", "step_min"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        settings_of_ode(written(tmp_path, options))
