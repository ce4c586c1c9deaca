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


def test_tongue(tmp_path, capsys):
    execute("tongue", *A2, "--input", "mu_e", "--amplitude", "1 pA", "--out", str(tmp_path))
    assert "1 pA: 22.393 to 22.696 Hz" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"tongue.nc", "tongue.png", "tongue.svg"}
    with pytest.raises(ModelError, match="no ratio"):
        execute(
            "tongue", *A2, "--input", "mu_e", "--amplitude", "1 pA", "--ratio", "1", "--out", "x"
        )
