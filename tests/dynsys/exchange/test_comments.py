"""Free text of models stays a comment in what other programs execute, whatever it holds."""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import tokenize

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynsys import ModelError, Parameter, SmoothTable, State, VectorField, read_ode
from dynsys.exchange.auto import write_auto
from dynsys.exchange.comments import (
    c_comment,
    latex_comment,
    latex_words,
    one_line,
    python_comment,
    xpp_comment,
)
from dynsys.exchange.pydstool_specification import write_script

COMPILER = shutil.which("gcc") or shutil.which("cc")
NASTY = [
    '*/ system("x"); /*', "*\\\n/ x", "*\u2028/", "*??/\n/", "/*/", "**//**//", "'\''\n",
    '"""\nimport os\n"""', "# x\npar a=1", "x\\", "a\\\n", "\r\npar q=3", "\x0bdone", "\x0c",
    "\x1c\x85\u2028\u2029", "\x00", "\ud800", "% \n\\input{x}", "^^Mx", "^^^M", "$\\end{x}$",
    "\u202e", "é日本𝄞", "{}_&~^\\", "\\" * 400, "x" * 3000, "a\\ " * 300, "",
]  # fmt: skip
words = st.text() | st.text(alphabet="*/\\\n\r\"'#%^{}$?\u2028\x85M ") | st.sampled_from(NASTY)


def every_nasty(test):
    for text in NASTY:
        test = example(text)(test)
    return test


def without_comments(source):
    """C without its comments, as a compiler reads it: lines joined first."""
    joined = re.sub(r"\\[ \t]*\n", "", source)
    return re.sub(r"/\*.*?\*/", " ", joined, flags=re.DOTALL)


@every_nasty
@given(words)
def test_a_text_is_one_printable_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable()
    line.encode("utf-8")


@every_nasty
@given(words)
def test_a_c_comment_is_all_comment(text):
    comment = c_comment(text)
    assert without_comments(f"a{comment}b") == "a b"
    assert comment.count("/*") == comment.count("*/") == 1


@every_nasty
@given(words)
def test_a_python_comment_is_all_comment(text):
    source = f"{python_comment(text)}\nx = 1\n"
    kinds = [t.type for t in tokenize.generate_tokens(io.StringIO(source).readline)]
    assert kinds[:2] == [tokenize.COMMENT, tokenize.NL]
    assert len(ast.parse(source).body) == 1


@every_nasty
@given(words)
def test_an_ode_comment_is_all_comment(text):
    for line in xpp_comment(text).splitlines():
        assert line.startswith("#")
        assert not line.startswith("#include")
        assert "\\" not in line
        assert len(line.encode()) < 1000


@every_nasty
@given(words)
def test_latex_comments_and_words_hold_no_command(text):
    comment = latex_comment(text)
    assert comment.startswith("%") and len(comment.splitlines()) == 1
    assert "^^" not in comment
    plain = latex_words(text)
    for written in (r"\textbackslash{}", r"\textasciicircum{}", r"\textasciitilde{}"):
        plain = plain.replace(written, "")
    assert not re.search(r"(?<!\\)[_%&#${}^~]", plain)
    assert not re.search(r"\\(?![_%&#${}])", plain)


def model(text):
    """A model that carries a text wherever one can be carried."""
    grid = np.linspace(0.0, 4.0, 9)
    table = SmoothTable("f", {"a": grid, "b": grid}, {"q": np.outer(grid, grid)}, source=text)
    return VectorField(
        "m", {"x": State(0.5, (0, 1), text, text)}, {"p": Parameter(1.0, text, text)},
        {"x": "p*(1 - x) - f.q(x, x)"}, tables={"f": table}, source=text, meaning=text,
    )  # fmt: skip


def plain(text):
    """The same without a table, which a specification cannot hold."""
    return VectorField(
        "m", {"x": State(0.5, (0, 1), text, text)}, {"p": Parameter(1.0, text, text)},
        {"x": "p*(1 - x)"}, source=text, meaning=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_files_are_the_same_but_for_their_comments(text, tmp_path):
    bare, full = plain(""), plain(text)
    scripts = [
        write_script(m, tmp_path / f"{k}.py").read_text("utf-8") for k, m in ((0, bare), (1, full))
    ]
    assert ast.dump(ast.parse(scripts[0])) == ast.dump(ast.parse(scripts[1]))
    files = [m.to_xppaut(tmp_path / f"{k}.ode")[0] for k, m in enumerate((bare, full))]
    lines = [
        [line for line in f.read_text("utf-8").splitlines() if not line.startswith("#")]
        for f in files
    ]
    assert lines[0] == lines[1]
    assert read_ode(files[1], "m").definition() == read_ode(files[0], "m").definition()
    latex = [line for line in full.to_latex().splitlines() if not line.startswith("%")]
    assert len(latex) == len(bare.to_latex().splitlines())
    assert "\n".join(latex).count("\\begin") == "\n".join(latex).count("\\end") == 2


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_c_files_are_the_same_but_for_their_comments(text, tmp_path):
    made = []
    for k, m in enumerate((model(""), model(text))):
        auto = write_auto(m, tmp_path / f"auto{k}")
        xpp = m.to_xppaut(tmp_path / f"xpp{k}" / "m.ode")
        made.append([f.read_text("utf-8") for f in (*auto, *xpp)])
        assert [f.name for f in (*auto, *xpp)] == [
            "m.c",
            "m_tables.h",
            "c.m",
            "m.auto",
            "m.ode",
            "m.c",
        ]
    for bare, full in zip(*made, strict=True):
        if "#include" in bare or "static" in bare:
            assert without_comments(bare).split() == without_comments(full).split()
    if COMPILER and text.startswith("*"):
        source = tmp_path / "xpp1" / "m.c"
        subprocess.run([COMPILER, "-c", "-o", str(tmp_path / "m.o"), str(source)], check=True)


def test_a_file_name_that_xppaut_cannot_hold_is_refused(tmp_path):
    for name in ("a b.ode", "a;touch mark.ode", "*_.ode", "a\nb.ode", "a,dll_fun=x.ode"):
        with pytest.raises(ModelError, match="no quotes"):
            model("").to_xppaut(tmp_path / name)
        plain("").to_xppaut(tmp_path / name)  # without tables the name is not in the file


@pytest.mark.parametrize("name", ['x"""\nimport os\n"""', "../x", "a b", "x;y", ""])
def test_names_are_no_code_and_no_path(name):
    with pytest.raises(ModelError, match="cannot name a model"):
        VectorField(name, {"x": 1.0}, {}, {"x": "-x"})
