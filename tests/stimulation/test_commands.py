"""``dynsys simulate``, ``stimulate`` and ``tongue`` write figure and data."""

from __future__ import annotations

import argparse

import pytest
import xarray as xr

from dynsys import ModelError
from dynsys.simulation.commands import add
from stimulation.commands import add_stimulate, add_tongue


def execute(*words: str) -> None:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for contribute in (add, add_stimulate, add_tongue):
        contribute(subparsers)
    chosen = parser.parse_args(words)
    chosen.run(chosen)


A2 = ("aln", "--set", "mu_e=1.3", "--set", "mu_i=0.5")


def test_simulate(tmp_path, capsys):
    execute("simulate", *A2, "--duration", "200", "--settle", "100", "--out", str(tmp_path / "r"))
    assert {p.name for p in (tmp_path / "r").iterdir()} == {"run.nc", "run.png", "run.svg"}
    assert "complete at 200 ms" in capsys.readouterr().out
    with xr.open_dataset(tmp_path / "r" / "run.nc") as stored:
        assert stored["r_E"].attrs["units"] == "Hz"


def test_stimulate(tmp_path, capsys):
    execute(
        "stimulate", *A2, "--input", "mu_e", "--step", "40 pA", "0", "1000", "--duration", "800",
        "--published", "--out", str(tmp_path),
    )  # fmt: skip
    assert "at the end 14.48" in capsys.readouterr().out
    field = ("--sine", "1 V/m", "22", "--duration", "50", "--out", str(tmp_path))
    with pytest.raises(ModelError, match="--dendrite 1200"):
        execute("stimulate", *A2, "--input", "mu_e", *field)
    execute("stimulate", *A2, "--input", "mu_e", *field, "--dendrite", "1200")
    with pytest.raises(ModelError, match="give a stimulus"):
        execute("stimulate", *A2, "--input", "mu_e", "--duration", "50", "--out", str(tmp_path))


def test_a_field_acts_through_a_cell_from_a_file(tmp_path):
    cell = tmp_path / "stick.swc"
    cell.write_text("1 1 0 0 0 5 -1\n2 3 600 0 0 1 1\n3 3 1200 0 0 1 2\n")
    base = ("stimulate", *A2, "--input", "mu_e", "--sine", "1 V/m", "22", "--duration", "50")
    execute(*base, "--morphology", str(cell), "--out", str(tmp_path / "cell"))
    execute(*base, "--dendrite", "1200", "--out", str(tmp_path / "stick"))
    with (
        xr.open_dataset(tmp_path / "cell" / "run.nc") as one,
        xr.open_dataset(tmp_path / "stick" / "run.nc") as two,
    ):
        assert one["r_E"].values == pytest.approx(two["r_E"].values, rel=1e-9)
    both = ("--morphology", str(cell), "--dendrite", "1200")
    for options, words in ((both, "one of the two"), (("--direction", "0", "1", "0"), "one of")):
        with pytest.raises(ModelError, match=words):
            execute(*base, *options, "--out", str(tmp_path))
    with pytest.raises(ModelError, match="--morphology cannot act"):
        execute(
            "stimulate", *A2, "--input", "mu_e", "--step", "4 pA", "0", "9", "--morphology",
            str(cell),
            "--duration", "50", "--out", str(tmp_path),
        )  # fmt: skip


def test_tongue(tmp_path, capsys):
    execute("tongue", *A2, "--input", "mu_e", "--amplitude", "1 pA", "--out", str(tmp_path))
    assert "1 pA: 22.393 to 22.696 Hz" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"tongue.nc", "tongue.png", "tongue.svg"}
    with pytest.raises(ModelError, match="no ratio"):
        execute(
            "tongue", *A2, "--input", "mu_e", "--amplitude", "1 pA", "--ratio", "1", "--out", "x"
        )
