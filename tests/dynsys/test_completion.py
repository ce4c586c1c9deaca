"""Shells complete commands, options and models."""

from __future__ import annotations

import argparse
import shutil
import subprocess

import pytest

from dynsys.completion import completion

BASH = shutil.which("bash")


@pytest.fixture
def commands():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parameter", help="it's a name")
    return {"equilibria": parser, "models": argparse.ArgumentParser()}


@pytest.mark.skipif(BASH is None, reason="no bash on the path")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [("dynsys eq", "equilibria"), ("dynsys equilibria morr", "morris_lecar"),
     ("dynsys equilibria aln --par", "--parameter"), ("dynsys models --par", "")],
)  # fmt: skip
def test_bash_completes(line, wanted, commands, tmp_path):
    words = line.split(" ")
    script = completion("bash", commands, {}) + (
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _dynsys; "
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [BASH, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == wanted


def test_other_shells_get_their_own_words(commands):
    assert completion("zsh", commands, {}).startswith("autoload -U +X bashcompinit")
    fish = completion("fish", commands, {"models": "what there is"})
    assert "-l parameter -d 'it\\'s a name'" in fish
    assert "-a models -d 'what there is'" in fish
