"""What the project promises about itself: metadata, layers, names, commands."""

from __future__ import annotations

import ast
import configparser
import importlib
import os
import re
import shlex
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from dynsys.commands import _parser

ROOT = Path(__file__).parent.parent
PACKAGES = ("dynsys", "continuation", "stimulation", "validation")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """Full names of everything a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def requirements(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_version_is_the_same_everywhere():
    version = SETUP["metadata"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_required_version_carries_its_reason():
    lines = (ROOT / "setup.cfg").read_text().splitlines()
    wanted = requirements(SETUP["options"]["install_requires"])
    assert wanted
    for requirement in wanted:
        position = next(i for i, line in enumerate(lines) if line.strip() == requirement)
        assert lines[position - 1].strip().startswith("#"), f"{requirement} has no reason"
        assert ">=" in requirement, f"{requirement} has no lower bound"


def test_every_library_that_is_imported_is_required():
    required = {
        re.split(r"[ ><=]", line)[0].lower()
        for line in requirements(SETUP["options"]["install_requires"])
    }
    extra = {
        re.split(r"[ ><=]", line)[0].lower()
        for line in requirements(SETUP["options.extras_require"]["sbml"])
    }
    # An extra need not be installed; its distribution has another name than its module.
    distributions = {"libsbml": ["python-libsbml"], **packages_distributions()}
    for path in MODULES:
        for name in {full.split(".")[0] for full in imports(path)}:
            if name in PACKAGES or name in sys.stdlib_module_names:
                continue
            allowed = required | (extra if "/exchange/sbml_" in relative(path) else set())
            found = {d.lower() for d in distributions.get(name, [name])}
            assert found & allowed, f"{relative(path)} imports {name}, which setup.cfg lacks"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_can_be_imported_and_says_what_it_is(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(p for p in parts if p != "__init__"))
    assert module.__doc__


def test_the_library_never_draws_through_pyplot():
    guilty = [relative(p) for p in MODULES if any("pyplot" in name for name in imports(p))]
    assert not guilty


def test_files_are_named_after_their_subject():
    vague = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools"}
    assert not [relative(p) for p in MODULES if p.stem in vague]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_file_holds_one_concept(path):
    assert len(path.read_text().splitlines()) <= 400, "a concept is hiding in it: give it a file"


def test_every_entry_point_is_a_function():
    points = SETUP["options.entry_points"]
    listed = requirements(points["console_scripts"]) + requirements(points["dynsys.commands"])
    listed += requirements(points["dynsys.analyses"])
    assert len(listed) >= 5
    for line in listed:
        module, name = line.split("=")[1].strip().split(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_commands_of_the_makefile_are_understood():
    text = (ROOT / "Makefile").read_text()
    lines = re.findall(r"^\t\$\(BIN\)/dynsys (.+)$", text, flags=re.M)
    assert any(line.startswith("diagram aln") for line in lines)
    for line in lines:
        command = shlex.split(line.split("||")[0])
        assert callable(_parser().parse_args(command).run)


def test_files_that_the_makefile_runs_exist():
    for name in re.findall(r"\$\(BIN\)/python (\S+\.py)", (ROOT / "Makefile").read_text()):
        assert (ROOT / name).is_file(), name


def test_continuous_integration_calls_the_makefile():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert {"make test", "make check"} <= set(script.read_text().splitlines())


def test_negative_numbers_with_exponents_are_numbers_on_the_command_line():
    command = ["equilibria", "fitzhugh_nagumo", "--parameter", "I", "-1e-1", "-.5", "--out", "x"]
    assert _parser().parse_args(command).parameter == ["I", "-1e-1", "-.5"]


def test_a_wrong_choice_is_answered_by_the_option_it_belongs_to(capsys):
    with pytest.raises(SystemExit) as stop:
        _parser().parse_args(["describe", "aln", "--wiring", "publishd"])
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "--wiring has no choice 'publishd'. Did you mean 'published'?" in message


def test_a_broken_command_of_another_package_leaves_the_others(monkeypatch, capsys):
    from dynsys import commands

    real = commands.entry_points

    class Broken:
        name = "broken"

        def load(self):
            raise ImportError("no module named elsewhere")

    monkeypatch.setattr(commands, "entry_points", lambda group: [*real(group=group), Broken()])
    assert commands.main(["models"]) == 0
    output = capsys.readouterr()
    assert "aln" in output.out
    assert "broken cannot be loaded: no module named elsewhere" in output.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (", "cannot be run: SyntaxError"),
        ("raise RuntimeError('no')", "cannot be run: RuntimeError: no"),
        ("def model(a): pass", "cannot be run: TypeError"),
        ("model = 3", "must be a VectorField"),
    ],
)
def test_a_users_file_that_fails_is_one_clean_message(text, message, tmp_path, capsys):
    from dynsys.commands import main

    (tmp_path / "mine.py").write_text(text)
    assert main(["describe", f"{tmp_path}/mine.py:model"]) == 1
    assert message in capsys.readouterr().err


def test_interruption_has_its_own_exit_code(monkeypatch, capsys):
    from dynsys import commands

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "model_from", interrupt)
    assert commands.main(["describe", "aln"]) == 130
    assert "interrupted" in capsys.readouterr().err
