"""Nobody waits long without a word: lines where they are kept, one line in a terminal."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from dynsys import activity
from dynsys.activity import doing, hushed, telling


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def quick(monkeypatch):
    """Silence ends after a tenth of a second."""
    monkeypatch.setattr(activity, "SILENCE", 0.1)
    monkeypatch.setattr(activity, "_LOOK", 0.01)


def listen(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_what_is_done_is_said_in_lines_with_its_count(quick, monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    with telling("diagram"), doing("scan lines", total=3) as lines:
        lines.advance()
        time.sleep(0.4)
    spoken = stream.getvalue().splitlines()
    assert len(spoken) > 3 and spoken[0] == "dynsys: scan lines: 1 of 3, 0 s"
    assert "dynsys: scan lines: 1 of 3, done, 0 s" in spoken


def test_what_is_cut_off_is_not_called_done(quick, monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    with (
        pytest.raises(KeyboardInterrupt),
        telling("diagram"),
        doing("scan lines", total=3) as lines,
    ):
        lines.advance()
        time.sleep(0.2)
        raise KeyboardInterrupt
    assert "dynsys: scan lines: 1 of 3, stopped, 0 s" in stream.getvalue().splitlines()
    assert "done" not in stream.getvalue()


def test_what_is_quick_says_nothing(monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    with telling("describe"), doing("equations"):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_has_one_line_which_leaves_when_something_is_printed(quick, monkeypatch):
    stream = listen(monkeypatch, Terminal())
    with telling("equilibria"):
        time.sleep(0.3)
        print("result", file=sys.stderr)
    text = stream.getvalue()
    assert text.count("\n") == 1 and text.count("dynsys: equilibria") > 2
    assert re.search(r"\r\x1b\[Kresult\n$", text)
    assert sys.stderr is stream


def test_another_display_is_not_disturbed(quick, monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    with telling("diagram"), hushed():
        time.sleep(0.3)
    assert stream.getvalue() == ""


def test_one_speaks_for_all(quick, monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    with telling("validate"), telling("diagram"):
        time.sleep(0.25)
    assert all("diagram" in line for line in stream.getvalue().splitlines())


def test_a_closed_stream_stops_the_words_and_not_the_work(quick, monkeypatch):
    stream = listen(monkeypatch, io.StringIO())
    worked = False
    with telling("diagram"):
        stream.close()
        time.sleep(0.2)
        worked = True
    assert worked and stream.closed


def test_a_remark_is_said_once_above_the_line_of_a_terminal(quick, monkeypatch):
    monkeypatch.setattr(activity, "_remarks", {})
    stream = listen(monkeypatch, Terminal())
    activity.remark("the engine is compiled")
    with telling("diagram"), hushed():  # a bar is shown instead of the line
        time.sleep(0.3)
        activity.remark("the engine is compiled")
        time.sleep(0.2)
    assert stream.getvalue().count("dynsys: the engine is compiled\n") == 1


def test_nobody_who_is_answered_at_once_hears_a_remark(monkeypatch):
    monkeypatch.setattr(activity, "_remarks", {})
    stream = listen(monkeypatch, io.StringIO())
    with telling("describe"):
        activity.remark("the engine is compiled")
    assert stream.getvalue() == ""
