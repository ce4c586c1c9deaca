"""``dynsys spectrum``: theory and network side by side."""

from __future__ import annotations

import argparse
import csv

import numpy as np
import pytest

from dynsys.errors import ModelError
from validation import spectrum_command


def run(*words: str) -> None:
    parser = argparse.ArgumentParser()
    spectrum_command.add(parser.add_subparsers())
    chosen = parser.parse_args(["spectrum", *words])
    chosen.run(chosen)


def test_theory_and_network_stand_side_by_side_and_agree(tmp_path, capsys):
    # 7 seconds: single frequencies are known to 20 %, their mean to 4 %.
    frequencies = ["4", "8", "12", "16", "20", "24", "28", "32", "36", "40", "50", "60", "70",
                   "80", "90", "100", "110", "120", "140", "160", "180", "200"]  # fmt: skip
    run("aln", "--set", "mu_e=1.6", "--set", "mu_i=0.5", "--neurons", "1000", "--network",
        "--duration", "7000", "--frequencies", *frequencies, "--out", str(tmp_path))  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "spectrum.csv").open()))
    for name in ("r_E", "r_I"):
        theory, network = (
            np.array([float(row[f"{name}_{k}"]) for row in rows]) for k in ("theory", "network")
        )
        ratio = network / theory
        assert abs(np.log(ratio).mean()) < 0.12
        assert np.abs(np.log(ratio)).max() < 0.8
    assert {p.name for p in tmp_path.iterdir()} == {
        "spectrum.png", "spectrum.svg", "spectrum.csv", "spectrum.nc",
    }  # fmt: skip
    assert "coherence time 29.51 ms" in capsys.readouterr().out


def test_a_run_that_is_not_asked_for_takes_no_options(tmp_path):
    with pytest.raises(ModelError, match="--network too"):
        run("aln", "--set", "mu_e=1.6", "--duration", "100", "--out", str(tmp_path))


def test_the_master_equation_has_its_network_beside_it_too(tmp_path, capsys):
    run("master_equation", "--set", "drive=3", "--neurons", "1000", "--network", "--duration",
        "2000", "--frequencies", "10", "--out", str(tmp_path))  # fmt: skip
    (row,) = csv.DictReader((tmp_path / "spectrum.csv").open())
    assert set(row) >= {"nu_e_theory", "nu_e_network", "nu_i_network", "nu_i_error"}
    said = capsys.readouterr().out
    assert "1000 neurons of e, 250 neurons of i" in said
    assert "1000 e, 250 i cells" in said
    assert "the white noise of single spikes" in said


def test_of_several_equilibria_one_is_named_by_its_rate(tmp_path, capsys):
    words = ["aln", "--set", "mu_e=1.99", "--set", "mu_i=2.277", "--out", str(tmp_path)]
    with pytest.raises(ModelError, match=r"3 equilibria here.*13.01, 18.77 Hz.*--near"):
        run(*words)
    run(*words, "--near", "18")
    assert "r_E = 18.768 Hz" in capsys.readouterr().out


def test_too_short_a_run_is_refused_before_it_is_made(tmp_path):
    with pytest.raises(ModelError, match="2000 ms or more"):
        run("aln", "--network", "--duration", "100", "--out", str(tmp_path))
