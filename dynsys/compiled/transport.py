"""The equations of delay lines as loops: their source does not grow with the number of nodes.

Line k obeys u_i' = (D_i0 s + sum_j D_ij u_j) / tau with its signal s and delay tau; D is the
differentiation matrix, ``_D`` in the generated module. Names of a line's quantities are pieces of
source text, written before the loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Entry = tuple[int, str]  # column of a state, and the text of a derivative by it

HEADER = """
from dynsys.delays import differentiation_matrix

_D = differentiation_matrix({order})
"""


@dataclass(frozen=True)
class Line:
    """A delay line: the number of its first state, of its nodes, its signal and its delay."""

    first: int
    order: int
    signal: str
    tau: str

    def field(self, out: str = "out") -> Iterator[str]:
        """The rates of change."""
        yield from self._loop(
            f"total = _D[i + 1, 0] * {self.signal}",
            [f"total += _D[i + 1, j + 1] * x[{self.first} + j]"],
            [f"{out}[{self.first} + i] = total * rate"],
        )

    def tangent(self, signal: str, tau: str) -> Iterator[str]:
        """Their change where signal and delay change by ``signal`` and ``tau``."""
        carried = [f"total += _D[i + 1, j + 1] * dx[{self.first} + j]"]
        yield from self._changed(signal, tau, carried, f"out[{self.first} + i]")

    def jacobian(self, entries: Sequence[Entry], out: str = "out") -> Iterator[str]:
        """Rows of the Jacobian; ``entries`` are the derivatives of the signal."""
        yield from self._loop(
            "weight = _D[i + 1, 0] * rate",
            [f"{out}[{self.first} + i, {self.first} + j] = _D[i + 1, j + 1] * rate"],
            [f"{out}[{self.first} + i, {c}] += weight * {entry}" for c, entry in entries],
        )

    def by_parameters(self, signal: str, tau: str, out: str) -> Iterator[str]:
        """As ``tangent``, of states that stand still."""
        yield from self._changed(signal, tau, [], f"{out}[{self.first} + i]")

    def _changed(self, signal: str, tau: str, inner: list[str], target: str) -> Iterator[str]:
        """``target`` as it changes with signal and delay; ``inner`` adds what the nodes carry."""
        start, end = f"total = _D[i + 1, 0] * ({signal})", f"{target} = total * rate"
        if tau not in ("0.0", "0"):
            start += f"; slope = _D[i + 1, 0] * {self.signal}"
            inner.append(f"slope += _D[i + 1, j + 1] * x[{self.first} + j]")
            end += f" - slope * rate * rate * ({tau})"
        yield from self._loop(start, inner, [end])

    def second(self, entries: Sequence[Entry], changes: Sequence[Entry], tau: str) -> Iterator[str]:
        """Their change: ``changes`` of the entries, ``tau`` of the delay."""
        moves = tau not in ("0.0", "0")
        inner = [f"out[{self.first} + i, {self.first} + j] = _D[i + 1, j + 1] * slower"]
        ends = [f"out[{self.first} + i, {c}] += weight * rate * {entry}" for c, entry in changes]
        if moves:
            ends += [
                f"out[{self.first} + i, {c}] += weight * slower * {entry}" for c, entry in entries
            ]
        head = f"slower = -rate * rate * ({tau})" if moves else ""
        yield from self._loop("weight = _D[i + 1, 0]", inner if moves else [], ends, head)

    def _loop(self, start: str, inner: list[str], ends: list[str], head: str = "") -> Iterator[str]:
        yield f"rate = 1.0 / {self.tau}"
        if head:
            yield head
        yield f"for i in range({self.order}):"
        yield from (f"    {part}" for part in start.split("; "))
        if inner:
            yield f"    for j in range({self.order}):"
            yield from (f"        {part}" for part in inner)
        yield from (f"    {part}" for part in ends)
