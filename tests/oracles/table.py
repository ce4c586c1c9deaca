"""The table of published points: ``python -m tests.oracles.table`` writes docs/oracles.md.

One row per system and point: the published value, ours and the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from continuation import equilibria, limit_cycles
from tests.continuation.cycles.test_limit_cycles import BRANCHES, START
from tests.continuation.steady_states.test_published_points import (
    PLANES,
    curves_of,
    free_parameters,
)
from tests.oracles import NAMES, system

PATH = Path(__file__).parents[2] / "docs" / "oracles.md"
HEAD = """# Published points and ours

Written by `python -m tests.oracles.table` from `tests/oracles`, where every system names its
source. Points in one parameter: its value; in two: both. The difference is relative to the
published value (absolute where that is zero).

| system | point | parameter | published | ours | difference |
|---|---|---|---|---|---|
"""

Row = tuple[str, str, str, float, float]


def rows(name: str) -> Iterator[Row]:
    """(system, point, parameter, published, ours) of every point of a system."""
    oracle = system(name)
    for parameter, span in free_parameters(name):
        branch = equilibria(oracle.model(), parameter, span)
        for record in oracle.select("H", "LP"):
            if record.get("par") == parameter and "fixed" not in record:
                found = [p.parameters[parameter] for p in branch.points(record["type"])]
                yield _row(name, record["type"], parameter, record["p"], found)
    if name in PLANES:
        found_points = [p for curve in curves_of(name) for p in curve.special_points]
        for record in oracle.select("BT", "CP", "GH"):
            where = record["pars"]
            if set(where) != set(PLANES[name]):
                continue
            near = [p for p in found_points if p.label == record["type"]]
            if not near:
                continue  # on a curve that no one-parameter point leads to
            best = min(near, key=lambda p: sum(abs(p.parameters[k] - where[k]) for k in where))
            for parameter, value in where.items():
                yield name, record["type"], parameter, value, best.parameters[parameter]
    if name in BRANCHES:
        parameter, span = BRANCHES[name]
        branch = equilibria(oracle.model(), parameter, span, start=START.get(name))
        folds = [
            cycle.orbit.value
            for point in branch.points("H")
            for cycle in limit_cycles(point, parameter, span).points("LPC")
        ]
        for record in oracle.points:
            if record["type"] == "LPC" and "fixed" not in record:
                yield _row(name, "LPC", parameter, record["p"], folds)


def _row(name: str, label: str, parameter: str, published: float, found: list[float]) -> Row:
    return name, label, parameter, published, min(found, key=lambda v: abs(v - published))


def difference(published: float, ours: float) -> float:
    """Relative difference; absolute where the published value is zero."""
    return abs(ours - published) / (abs(published) or 1.0)


def text() -> str:
    """The table in Markdown."""
    lines = [
        f"| {name} | {label} | {parameter} | {published:.12g} | {ours:.12g} "
        f"| {difference(published, ours):.0e} |"
        for system_name in NAMES
        for name, label, parameter, published, ours in rows(system_name)
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
