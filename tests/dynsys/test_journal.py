"""Pieces of long computations: kept until the whole is done, never stale, never damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dynsys import journal
from dynsys.cluster.pieces import pieces
from dynsys.interruption import run_all
from dynsys.packing import packed, unpacked
from dynsys.storage import draft_prefix


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(journal, "LEAST", -1.0)
    monkeypatch.setattr(journal, "PAUSE", 0.0)
    monkeypatch.setattr(journal, "PART", np.inf)
    return tmp_path / "unfinished"


class Stop(Exception):
    """A kill that a test survives."""


def squares(count: int, stop: int | None, made: list[int], say: bool = False) -> list[int]:
    """Squares in pieces; stopped before one of them."""

    def make(number: int) -> int:
        if number == stop:
            raise Stop
        made.append(number)
        return number**2

    with journal.whole(say=say):
        names = [partial(journal.key, "square", number) for number in range(count)]
        journal.announce("squares", names)
        return [journal.piece(names[k], partial(make, k)) for k in range(count)]


def stopped(count: int, stop: int) -> None:
    with pytest.raises(Stop):
        squares(count, stop, [])


def test_a_stopped_call_goes_on_where_it_was_and_leaves_nothing(folder, capsys):
    stopped(5, 3)
    made: list[int] = []
    assert squares(5, None, made, say=True) == [0, 1, 4, 9, 16]
    assert made == [3, 4]
    assert "resumed: 3 of 5 squares" in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_a_damaged_piece_is_made_again(folder):
    stopped(5, 3)
    for number, damage in enumerate(
        (lambda b: b[:-9], lambda b: b"", lambda b: b[:99] + b"?" + b[100:])
    ):
        file = sorted(folder.iterdir())[number]
        file.write_bytes(damage(file.read_bytes()))
    made: list[int] = []
    assert squares(5, None, made) == [0, 1, 4, 9, 16]
    assert made == [0, 1, 2, 3, 4]


def test_pieces_of_another_state_of_the_code_are_not_found(folder, monkeypatch):
    stopped(5, 3)
    monkeypatch.setattr(journal, "code", lambda: "edited")
    made: list[int] = []
    squares(5, None, made)
    assert made == [0, 1, 2, 3, 4]


def test_where_nothing_can_be_kept_it_is_said_and_computed(tmp_path):
    (tmp_path / "unfinished").write_text("a file in the way")
    with pytest.warns(UserWarning, match="finished parts cannot be kept"):
        assert squares(3, None, []) == [0, 1, 4]


def test_an_inner_whole_is_part_of_the_outer_one(folder):
    with pytest.raises(Stop), journal.whole():
        squares(3, None, [])
        assert len(list(folder.iterdir())) == 3
        raise Stop
    made: list[int] = []
    squares(3, None, made)
    assert not made


def test_what_grows_goes_on_from_its_last_state(folder):
    def count(stop: int | None) -> list[int]:
        steps: list[int] = []
        with journal.whole():
            state = journal.Checkpoint(partial(journal.key, "count"))
            for number in range(state.last() or 0, 4):
                if number == stop:
                    raise Stop
                steps.append(number)
                state.keep(lambda reached=number + 1: reached)
        return steps

    with pytest.raises(Stop):
        count(2)
    assert count(None) == [2, 3]
    assert not list(folder.iterdir())


def test_states_that_led_to_a_piece_are_removed_with_it(folder):
    def make() -> int:
        journal.Checkpoint(partial(journal.key, "state")).keep(lambda: [1, 2])
        return 3

    with pytest.raises(Stop), journal.whole():
        journal.piece(partial(journal.key, "piece"), make)
        assert len(list(folder.iterdir())) == 1
        raise Stop


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_pieces_of_a_larger_piece_are_removed_with_it(folder, stop):
    """Stopped inside the larger one, and after it; nobody asks for its parts once it is kept."""

    def outer(stop: int | None) -> int:
        made = [
            journal.piece(partial(journal.key, "part", k), partial(part, k, stop)) for k in range(2)
        ]
        return part(sum(filter(None, made)) + 1, stop)

    def part(number: int, stop: int | None) -> int:
        if number == stop:
            raise Stop
        return number

    def all_of_it(stop: int | None) -> None:
        with journal.whole():
            journal.piece(partial(journal.key, "outer"), partial(outer, stop))
            if stop == 3:
                raise Stop

    with pytest.raises(Stop):
        all_of_it(stop)
    assert len(list(folder.iterdir())) == {1: 1, 2: 2, 3: 1}[stop]
    all_of_it(None)
    assert not list(folder.iterdir())


def larger(workers: int) -> list[int] | None:
    def make() -> list[int]:
        names = [partial(journal.key, "small", k) for k in range(4)]
        return pieces(names, [partial(int, k) for k in range(4)], workers=workers)

    return journal.piece(partial(journal.key, "large"), make)


@pytest.mark.parametrize("workers", [1, 2])
def test_pieces_made_in_threads_are_removed_with_the_larger_one(folder, workers):
    with pytest.raises(Stop), journal.whole():
        assert larger(workers) == [0, 1, 2, 3]
        assert len(list(folder.iterdir())) == 1
        raise Stop


def test_pieces_deep_in_work_of_other_threads_are_removed_with_the_larger_one(folder):
    def small(number: int) -> int | None:
        return journal.piece(partial(journal.key, "small", number), partial(int, number))

    def make() -> int:
        run_all([journal.belonging(partial(small, k)) for k in range(4)], 2, lambda _: None)
        return 6

    with pytest.raises(Stop), journal.whole():
        assert journal.piece(partial(journal.key, "large"), make) == 6
        assert len(list(folder.iterdir())) == 1
        raise Stop
    with journal.whole():
        assert journal.piece(partial(journal.key, "large"), make) == 6
    assert not list(folder.iterdir())


def test_who_is_killed_before_he_removes_parts_leaves_them_to_the_next(folder, monkeypatch):
    def killed(names: list[str]) -> None:
        if names:
            raise Stop

    with monkeypatch.context() as change, pytest.raises(Stop), journal.whole():
        change.setattr(journal, "_remove_parts", killed)
        larger(2)
    assert len(list(folder.iterdir())) == 5
    with journal.whole():
        assert larger(2) == [0, 1, 2, 3]
    assert not list(folder.iterdir())


def test_old_pieces_and_drafts_of_the_dead_are_swept_away(folder, monkeypatch):
    stopped(5, 3)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    draft = draft_prefix().replace(f"-{os.getpid()}-", f"-{process.pid}-")
    (folder / f"{draft}x.piece").write_bytes(b"")
    monkeypatch.setattr(journal, "_DAYS", -1)
    made: list[int] = []
    squares(5, None, made)
    assert made == [0, 1, 2, 3, 4]
    assert not list(folder.iterdir())


def test_packed_data_come_back_as_they_were():
    data = xr.Dataset(
        {"x": ("point", np.arange(2.0), {"units": "ms"}), "on": ("point", np.array([True, False]))},
        coords={"name": ["a", "b"]}, attrs={"about": "text"},
    )  # fmt: skip
    content = {"n": (1, 2.5, None, float("inf"), 1j, "x"), "data": data, "list": [np.float32(0.1)]}
    again = unpacked(packed(content))
    assert again["data"].identical(data)
    assert again["n"] == content["n"]
    assert again["list"] == content["list"]
    assert type(again["list"][0]) is np.float32


@pytest.mark.parametrize("content", [object(), {"f": print}, np.array([object()])])
def test_what_is_no_plain_data_is_refused(content):
    with pytest.raises(TypeError):
        packed(content)
