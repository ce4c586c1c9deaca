"""From an expression graph to loops over runs side by side, one number of each run in a lane.

Arrays hold ``width`` runs: number k of run l at ``k * width + l``. What the compiler can turn into
vector instructions stands in one loop over the runs; what is called one run at a time (tables,
library functions) in loops of its own between these. ``width`` 1 is the source for a single run,
with the same digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dynsys.compiled.code_generation import CALLS, FieldGraph
from dynsys.compiled.lookup_source import Lookup, find_lookups

_INPUTS = ("const", "x", "p")
_LOOPED = {"exp": "exp({})", "log": "log({})", "sqrt": "math.sqrt({})", "abs": "abs({})",
           "floor": "np.floor({})",
           "sign": "(1.0 if {0} > 0.0 else (-1.0 if {0} < 0.0 else {0}))"}  # fmt: skip
_OPERATORS = {"add": "+", "mul": "*", "div": "/"}


@dataclass
class _Loop:
    """A loop over the runs: what it loads, computes and stores, in this order."""

    loads: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)

    def text(self, width: int) -> list[str]:
        body = [f"{name} = {place}" for name, place in self.loads.items()]
        return over_runs(width, body + self.lines + self.stores)


def over_runs(width: int, body: Sequence[str]) -> list[str]:
    """Lines done for every run; without a loop, which takes time to compile, for a single one."""
    if width == 1 or not body:
        return list(body)
    return [f"for l in range({width}):", *("    " + line for line in body)]


class LaneFunction:
    """Writes one compiled function of signature (x, p, t, out).

    Parameters
    ----------
    outputs : (row, node) pairs: which rows of ``out`` receive which nodes.
    free : the first row of ``out`` that may hold intermediate results.
    held : node -> row of ``p`` that holds it already: what is constant in a run.
    margin : the row that receives the smallest margin to a table's edge, if any.
    parameters : the name of the array that holds the parameters.
    """

    def __init__(
        self,
        model: FieldGraph,
        outputs: Sequence[tuple[int, int]],
        free: int,
        width: int = 1,
        held: Mapping[int, int] | None = None,
        margin: int | None = None,
        bilinear: bool = False,
        parameters: str = "p",
    ) -> None:
        self.model, self.graph, self.width = model, model.graph, width
        self.outputs, self.held, self.margin = outputs, held or {}, margin
        self.rows_used, self.parameters = free, parameters
        self.bilinear = bilinear
        self.order = self._reachable()
        self.lookups = find_lookups(model, self.order, bilinear)
        self.level = self._levels()
        self.margins: dict[int, list[Lookup]] = {}
        self.row: dict[int, int] = {}
        for row, number in outputs:
            self.row.setdefault(number, row)
        self.loops = [_Loop() for _ in range(1 + max(self.level.values(), default=0))]
        self.calls: list[list[str]] = [[] for _ in self.loops]

    def source(self, name: str) -> str:
        """The function's text, decorated for compilation; afterwards ``rows_used`` is known."""
        for number in self.order:
            self._emit(number)
        self._store_outputs()
        body = [line for lookup in self._tables() for line in lookup.prologue()]
        for loop, calls in zip(self.loops, self.calls, strict=True):
            body += loop.text(self.width) + calls
        lines = ['@njit([FIELD], cache=True, error_model="numpy")', f"def {name}(x, p, t, out):"]
        return "\n".join(lines + ["    " + line for line in body or ["pass"]]) + "\n"

    # --- the order of evaluation --------------------------------------------------------------

    def _arguments(self, number: int) -> tuple[int, ...]:
        return () if number in self.held else self.graph.arguments(number)

    def _reachable(self) -> list[int]:
        seen: set[int] = set()
        stack = [number for _, number in self.outputs]
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                stack.extend(self._arguments(number))
        return sorted(seen)

    def _called(self, number: int) -> bool:
        """Whether a node is evaluated one run at a time, between the loops."""
        operation = self.graph.nodes[number][0]
        inline = operation in _LOOPED or operation in _OPERATORS or operation == "select"
        return not (inline or operation in _INPUTS or number in self.held)

    def _levels(self) -> dict[int, int]:
        """In which loop each node is known: those of calls in the next after their arguments."""
        level: dict[int, int] = {}
        for number in self.order:
            below = max((level[a] for a in self._arguments(number)), default=0)
            level[number] = below + self._called(number)
        return level

    # --- places -------------------------------------------------------------------------------

    def new_row(self) -> int:
        """A row of ``out`` for an intermediate result."""
        self.rows_used += 1
        return self.rows_used - 1

    def at(self, row: int, array: str = "out") -> str:
        """The number of the present run in a row."""
        if self.width == 1:
            return f"{array}[{row}]"
        return f"{array}[{row * self.width} + l]" if row else f"{array}[l]"

    def stored(self, number: int) -> str:
        """Where a node is found outside the loop that computes it."""
        content = self.graph.nodes[number]
        if content[0] == "const":
            return repr(content[1])
        if content[0] in ("x", "p"):
            return self.at(content[1], "x" if content[0] == "x" else self.parameters)
        if number in self.held:
            return self.at(self.held[number], self.parameters)
        if number not in self.row:
            self.row[number] = self.new_row()
        row = self.row[number]
        line = f"{self.at(row)} = v{number}"
        if not self._called(number) and line not in self.loops[self.level[number]].stores:
            self.loops[self.level[number]].stores.append(line)
        return self.at(row)

    def source_of(self, name: str) -> tuple[str, int]:
        """The array, "x" or "p", and the row from which a loop loads a name."""
        number = int(name[1:])
        if number in self.held:
            return "p", self.held[number]
        array, row = self.graph.nodes[number]
        return str(array), int(row)

    def name(self, number: int, level: int) -> str:
        """A node as an operand in the loop of this level, loaded there if it comes from outside."""
        content = self.graph.nodes[number]
        if content[0] == "const":
            return repr(content[1]) if content[1] >= 0 else f"({content[1]!r})"
        outside = content[0] in _INPUTS or number in self.held or self._called(number)
        if outside or self.level[number] < level:
            self.loops[level].loads[f"v{number}"] = self.stored(number)
        return f"v{number}"

    # --- statements ---------------------------------------------------------------------------

    def _emit(self, number: int) -> None:
        content = self.graph.nodes[number]
        operation, level = content[0], self.level[number]
        if operation in _INPUTS or number in self.held:
            return
        if operation == "table":
            self._look_up(self.lookups[content[1], content[3], content[4], *content[5:7]])
            return
        arguments = self._arguments(number)
        if self._called(number):
            places = [self.stored(a) for a in arguments]
            text = f"{self.stored(number)} = {_call(content, places)}"
            self.calls[level - 1] += over_runs(self.width, [text])
            return
        names = [self.name(a, level) for a in arguments]
        self.loops[level].lines.append(f"v{number} = {_formula(content, names)}")

    def _look_up(self, lookup: Lookup) -> None:
        if lookup.done:
            return
        lookup.done = True
        level = max(self.level[a] for a in lookup.point)
        loop = self.loops[level]
        loop.lines += lookup.position([self.name(a, level) for a in lookup.point])
        self.margins.setdefault(level, []).append(lookup)
        results = {
            number: quantity for number, quantity in lookup.nodes.items() if number in self.level
        }
        rows = [self.new_row() for _ in lookup.scratch]
        loop.stores += [
            f"{self.at(row)} = {name}" for row, name in zip(rows, lookup.scratch, strict=True)
        ]
        places = {quantity: self.stored(number) for number, quantity in results.items()}
        lines = lookup.reading([self.at(row) for row in rows], places)
        self.calls[level] += over_runs(self.width, lines)

    def _store_outputs(self) -> None:
        last = self.loops[-1]
        for row, number in self.outputs:
            place = self.stored(number)
            if place != self.at(row):
                name = self.name(number, len(self.loops) - 1)
                last.stores.append(f"{self.at(row)} = {name}")
        if self.margin is not None:
            self._store_margin(self.margin)

    def _store_margin(self, row: int) -> None:
        if not self.margins:
            self.loops[-1].stores.append(f"{self.at(row)} = np.inf")
        for k, (level, lookups) in enumerate(sorted(self.margins.items())):
            loop = self.loops[level]
            if k:
                loop.loads["nearest"] = self.at(row)
            for before, lookup in zip(["nearest" if k else "np.inf"] + ["margin"] * len(lookups),
                                      lookups, strict=False):  # fmt: skip
                loop.lines.append(lookup.margin(before))
            loop.stores.append(f"{self.at(row)} = margin")

    def _tables(self) -> Iterable[Lookup]:
        return {lookup.table: lookup for lookup in self.lookups.values()}.values()


def _formula(content: tuple, names: list[str]) -> str:
    operation = content[0]
    if operation in _OPERATORS:
        return f"{names[0]} {_OPERATORS[operation]} {names[1]}"
    if operation == "select":
        return f"{names[2]} if {names[0]} {content[1]} {names[1]} else {names[3]}"
    return _LOOPED[operation].format(names[0])


def _call(content: tuple, places: list[str]) -> str:
    operation = content[0]
    if operation == "power":
        return f"{places[0]} ** {content[2]!r}"
    if operation == "linoid":
        return f"linoid_derivative({places[0]}, {content[2]})"
    return f"{CALLS[operation]}({places[0]})"
