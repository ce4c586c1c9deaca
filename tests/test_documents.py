"""The README's examples run as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python_blocks(name: str = "README.md") -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.S)


@pytest.mark.parametrize("number", range(len(python_blocks())))
def test_the_readmes_examples_run_as_written(number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(python_blocks()[number], "README.md", "exec"), names)
    if number == 0:
        printed = capsys.readouterr().out
        assert "supercritical" in printed
        assert (tmp_path / "figure2a.nc").exists()
        assert {item["name"] for item in names["diagram"].attractors(mu_e=2.05, mu_i=1.7)} == {
            "down", "up",
        }  # fmt: skip
    elif "threshold" in names:
        assert "15.75" in capsys.readouterr().out
        assert names["run"]["r_E"].sel(time=1999.9) == pytest.approx(14.485, abs=6e-4)
        assert names["threshold"].prediction == pytest.approx(19.0, abs=0.05)
    elif "neuron" in names:
        printed = capsys.readouterr().out
        assert "Andronov-Hopf at 56.171861 pA" in printed and "43.598 to 56.0464 pA" in printed
        assert names["curve"].attrs["onset"] == pytest.approx(56.0464, abs=1e-3)
    elif "network" in names:
        assert names["run"].mean_rate("E").value == pytest.approx(18.6, abs=1.0)
        assert names["run"].dominant_frequency("E").value == pytest.approx(23.6, abs=1.0)
        assert (tmp_path / "report" / "report.html").exists()
    elif "updown" in names:
        assert names["branch"]["H1"].parameters["drive"] == pytest.approx(0.598571, abs=1e-6)
    elif "model" in names:
        assert names["model"].compiled.n == 14
    elif "family" in names:  # T = 4 K(sin^2(q / 2)) = 8
        assert "1.8626337" in capsys.readouterr().out
    elif "PC" in names:
        assert abs(names["PC"]["EQ1"].getSpecialPoint("LP1")["m"]) < 1e-9
    else:
        assert "100 % of our curve reached by PyDSTool" in capsys.readouterr().out


def test_every_file_the_readme_names_exists():
    text = (ROOT / "README.md").read_text()
    for name in re.findall(r"\]\((\S+)\)|`((?:notebooks|tests|benchmarks|docs)/[\w./]*)`", text):
        path = next(filter(None, name))
        assert (ROOT / path).exists(), path


def test_the_miniatures_for_contributors_run_as_written(capsys):
    names: dict = {}
    for block in python_blocks("CONTRIBUTING.md"):
        exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    assert "UZ1" in capsys.readouterr().out


def test_contributors_are_sent_to_what_exists_and_see_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    packages = ("dynsys", "continuation", "stimulation", "validation")
    paths = set(re.findall(rf"`((?:tests|benchmarks|{'|'.join(packages)})/[\w/.]+)`", text))
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    drawn = set(re.findall(r"\w+", re.findall(r"```\n(validation/.*?)```", text, flags=re.S)[0]))
    rooms = {p.parent.name for package in packages for p in (ROOT / package).rglob("__init__.py")}
    assert rooms - drawn == set()
