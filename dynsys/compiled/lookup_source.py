"""Source text of the readings of a table in a loop over runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynsys.compiled.code_generation import FieldGraph


@dataclass
class Lookup:
    """A table read at one point (two nodes): the place in the grid, then the values.

    ``nodes`` are the quantities asked for, by node. ``scratch`` names what ``position`` computes
    and ``reading`` needs.
    """

    table: str
    number: int
    offset: int
    count: int
    derivative: tuple[int, int]
    point: tuple[int, int]
    nodes: dict[int, int] = field(default_factory=dict)
    done: bool = False

    @property
    def scratch(self) -> tuple[str, ...]:
        k = self.number
        return (f"corner{k}", f"part_a{k}", f"part_b{k}")

    @property
    def quantities(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.nodes.values())))

    @property
    def reader(self) -> str:
        """Name of the function that reads these quantities."""
        return "read_" + "_".join(map(str, (*self.derivative, *self.quantities)))

    def prologue(self) -> list[str]:
        """Lines before all loops: the table's grid."""
        t, at = f"_{self.table}", self.offset
        return [
            f"left{t}, across{t}, last{t} = t[{at + 3}], 1.0 / t[{at + 4}], t[{at}] - 1.0",
            f"bottom{t}, upward{t}, top{t} = t[{at + 5}], 1.0 / t[{at + 6}], t[{at + 1}] - 1.0",
            f"each{t}, count{t} = int(t[{at + 1}]) + 4, int(t[{at + 2}])",
            f"down{t} = float(each{t} * count{t})",
        ]

    def position(self, names: Sequence[str]) -> list[str]:
        """Lines inside a loop: the cell of the point, the nearest one outside the grid."""
        k, t = self.number, f"_{self.table}"
        return [
            f"a{k} = ({names[0]} - left{t}) * across{t}",
            f"b{k} = ({names[1]} - bottom{t}) * upward{t}",
            f"i{k} = np.floor(a{k})",
            f"i{k} = i{k} if i{k} > 0.0 else 0.0",
            f"i{k} = i{k} if i{k} < last{t} - 1.0 else last{t} - 1.0",
            f"j{k} = np.floor(b{k})",
            f"j{k} = j{k} if j{k} > 0.0 else 0.0",
            f"j{k} = j{k} if j{k} < top{t} - 1.0 else top{t} - 1.0",
            f"corner{k} = {float(self.offset + 7)!r} + (i{k} * down{t} + j{k})",
            f"part_a{k} = a{k} - i{k}",
            f"part_b{k} = b{k} - j{k}",
        ]

    def margin(self, before: str) -> str:
        """The smallest distance to an edge in units of the axis, or ``before`` if that is less."""
        k, t = self.number, f"_{self.table}"
        return (
            f"margin = min(min({before}, min(a{k}, last{t} - a{k}) / last{t}), "
            f"min(b{k}, top{t} - b{k}) / top{t})"
        )

    def reading(self, scratch: Sequence[str], places: Mapping[int, str]) -> list[str]:
        """Lines inside a loop of their own: the values to their places."""
        t = f"_{self.table}"
        corner, u, v = scratch
        names = [f"value{q}" for q in self.quantities]
        call = f"{self.reader}(t, int({corner}), each{t}, count{t}, {u}, {v})"
        return [f"{', '.join(names)}, = {call}"] + [
            f"{place} = value{q}{self._scale()}" for q, place in places.items()
        ]

    def _scale(self) -> str:
        i, j = self.derivative
        return f" * across_{self.table}" * i + f" * upward_{self.table}" * j


class BilinearLookup(Lookup):
    """A table read as the published mean-field code does."""

    @property
    def reader(self) -> str:
        return "bilinear_value"

    def position(self, names: Sequence[str]) -> list[str]:
        k, t = self.number, f"_{self.table}"
        lines = super().position(names)[:2]
        for axis, index, end in (("a", "i", "last"), ("b", "j", "top")):
            lines += [
                f"held_{axis}{k} = {axis}{k} if {axis}{k} > 0.0 else 0.0",
                f"held_{axis}{k} = held_{axis}{k} if held_{axis}{k} < {end}{t} else {end}{t}",
                f"{index}{k} = np.floor(held_{axis}{k})",
                f"{index}{k} = {index}{k} if {index}{k} < {end}{t} - 1.0 else {end}{t} - 1.0",
            ]
        return [
            *lines,
            f"corner{k} = i{k} * (top{t} + 1.0) + j{k}",
            f"part_a{k} = held_a{k} - i{k}",
            f"part_b{k} = held_b{k} - j{k}",
        ]

    def reading(self, scratch: Sequence[str], places: Mapping[int, str]) -> list[str]:
        corner, u, v = scratch
        return [
            f"{place} = bilinear_value(t, {self.offset}, int({corner}), {u}, {v}, {q})"
            for q, place in places.items()
        ]


def find_lookups(model: FieldGraph, order: Sequence[int], bilinear: bool) -> dict[tuple, Lookup]:
    """(table, i, j, a, b) -> its reading, with all quantities that the nodes ask for."""
    kind = BilinearLookup if bilinear else Lookup
    found: dict[tuple, Lookup] = {}
    for number in order:
        content = model.graph.nodes[number]
        if content[0] == "table":
            key = (content[1], content[3], content[4], *content[5:7])
            if key not in found:
                found[key] = kind(
                    content[1], len(found), model.table_offsets[content[1]],
                    model.table_quantities[content[1]], key[1:3], key[3:5],
                )  # fmt: skip
            found[key].nodes[number] = content[2]
    return found


def readers(lookups: Sequence[Lookup]) -> list[str]:
    """Definitions of the functions that the readings call."""
    made = {
        k.reader: f"{k.reader} = row_reader({k.quantities!r}, {k.derivative[0]}, {k.derivative[1]})"
        for k in lookups
        if not isinstance(k, BilinearLookup)
    }
    return list(made.values())
