"""The pages for users of other tools: their code runs as written, and prints what they say."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from dynsys.commands import main

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("from_*.md"))
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?")


class Block(NamedTuple):
    """A block of code: its language, the tool it needs, the file it is, its text."""

    language: str
    needs: str
    file: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```", page.read_text(), flags=re.S | re.M)
    result = []
    for language, info, text in found:
        words = dict(word.split("=") for word in info.split())
        result.append(Block(language, words.get("needs", ""), words.get("file", ""), text))
    return result


def missing(tool: str) -> str:
    """Why a tool's own code cannot run here; nothing where it can."""
    if tool in ("xppaut", "auto", "matlab"):
        return "" if shutil.which(tool) else f"{tool} is not on the path"
    return "" if importlib.util.find_spec(tool) else f"{tool} is not installed"


CASES = [
    pytest.param(page, tool, id=f"{page.stem}-{tool or 'ours'}")
    for page in PAGES
    for tool in dict.fromkeys(["", *(b.needs for b in blocks(page))])
]


@pytest.mark.parametrize(("page", "tool"), CASES)
def test_the_code_of_a_page_runs_and_prints_what_it_says(page, tool, tmp_path, monkeypatch, capsys):
    if tool and (reason := missing(tool)):
        pytest.skip(reason)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    expected = []
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
        elif block.needs not in ("", tool):
            continue
        elif block.language == "python":
            exec(compile(block.text, page.name, "exec"), names)
            expected += re.findall(r"^ *print\(.*\)  # (.*)$", block.text, flags=re.M)
        elif block.language == "bash":
            for line in block.text.splitlines():
                run_in_shell(line.split())
    printed = capsys.readouterr().out
    numbers = [float(n) for n in NUMBER.findall(printed)]
    assert expected
    for comment in expected:
        for word in NUMBER.findall(comment):
            assert any(n == pytest.approx(float(word), rel=1e-3) for n in numbers), comment
        assert "True" in printed or "True" not in comment
        assert "False" not in printed


def run_in_shell(words: list[str]) -> None:
    if words[0] == "dynsys":
        assert main(words[1:]) == 0
    elif words[0] == "xppaut":  # it ends with the number of its last error
        subprocess.run(words, check=False, capture_output=True, timeout=60)
        assert Path("output.dat").exists()
    else:
        made = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
        sys.stdout.write(made.stdout)


def test_auto_finds_the_same_numbers(tmp_path, monkeypatch, capsys):
    if reason := missing("auto"):
        pytest.skip(reason)
    test_the_code_of_a_page_runs_and_prints_what_it_says(
        DOCS / "from_auto.md", "auto", tmp_path, monkeypatch, capsys
    )
    rows = [line.split() for line in (tmp_path / "fort.7").read_text().splitlines()]
    periods = [float(r[-1]) for r in rows if len(r) > 5 and r[0] != "0" and abs(int(r[2])) == 4]
    assert periods == pytest.approx([39.4744], rel=1e-5)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_name_of_a_page_can_be_imported(page):
    names = re.findall(
        r"`((?:dynsys|continuation|stimulation|validation)\.[\w.]+)`", page.read_text()
    )
    assert len(names) > 3
    for name in names:
        assert pkgutil.resolve_name(name) is not None


def test_the_readme_and_the_pages_know_each_other():
    readme = (DOCS.parent / "README.md").read_text()
    for page in PAGES:
        assert f"docs/{page.name}" in readme
