"""The expression graph of a model in simulation: what is constant in a run is known as such."""

from __future__ import annotations

from dynsys.expressions.graph import Graph


class RunGraph(Graph):
    """A graph that gathers the constant factors of a product, those it is divided by among them.

    ``steady[number]`` tells whether a node depends on parameters alone. What is constant in a run
    need be computed only once in it; and a division takes several times as long as a product.
    """

    def __init__(self) -> None:
        self.steady: list[bool] = []
        super().__init__()

    def node(self, *content: object) -> int:
        number = super().node(*content)
        if number == len(self.steady):
            varies = content[0] in ("x", "dx", "dp")
            self.steady.append(not varies and all(self.steady[a] for a in self.arguments(number)))
        return number

    def mul(self, a: int, b: int) -> int:
        if self.steady[b]:
            a, b = b, a
        if self.steady[a] and not self.steady[b] and self.nodes[b][0] == "mul":
            factor, rest = self.nodes[b][1:]
            if self.steady[rest]:
                factor, rest = rest, factor
            if self.steady[factor]:  # a * (factor * rest): what is constant is multiplied once
                return super().mul(self.mul(a, factor), rest)
        return super().mul(a, b)

    def div(self, a: int, b: int) -> int:
        if self.steady[b] and not self.steady[a] and self.value(b) is None:
            return self.mul(a, super().div(self.one, b))
        return super().div(a, b)

    def constants_of_a_run(self, outputs: list[int]) -> list[int]:
        """The nodes that depend on parameters alone and are asked for by others or as outputs."""
        found: dict[int, None] = {}
        for number in self.reachable(outputs):
            if not self.steady[number]:
                found |= {a: None for a in self.arguments(number) if self._held(a)}
        found |= {number: None for number in outputs if self._held(number)}
        return sorted(found)

    def _held(self, number: int) -> bool:
        return self.steady[number] and self.nodes[number][0] not in ("const", "p")
