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

    def relaxations(self, field: list[int], states: list[int]) -> list[int]:
        """Of every equation the factor of its own state, where it is linear in it; zero elsewhere.

        Delayed values count as others: they are known before the step.
        """
        found = []
        for equation, state in zip(field, states, strict=True):
            (factor,) = self.derivative([equation], {state: self.one})
            found.append(self.zero if state in self.reachable([factor]) else factor)
        return found

    def may_have_poles(self, outputs: list[int], n: int) -> bool:
        """Whether outputs may be infinite between two values of the first n states where they are
        finite: they divide by what changes with these and is not seen to be positive, or the like.
        """
        moving = [False] * len(self.nodes)  # with the states, all else being held
        sign = [0] * len(self.nodes)  # 2: positive, 1: not negative, 0: not known
        for number in self.reachable(outputs):
            operation, *content = self.nodes[number]
            arguments = self.arguments(number)
            moving[number] = any(moving[a] for a in arguments)
            if operation == "x":
                moving[number] = content[0] < n
            signs = [sign[a] for a in arguments]
            if operation == "const":
                sign[number] = 2 if content[0] > 0 else 1 if content[0] == 0 else 0
            elif operation in ("exp", "cosh"):
                sign[number] = 2
            elif operation in ("abs", "sqrt"):
                sign[number] = max(1, *signs)
            elif operation == "mul":
                sign[number] = max(min(signs), int(arguments[0] == arguments[1]))
            elif operation == "div":
                sign[number] = min(signs)
            elif operation == "add":
                sign[number] = max(signs) if min(signs) else 0
            elif operation == "select":
                sign[number] = min(signs[2:])
            if moving[number] and self._is_singular(number, moving, sign):
                return True
        return False

    def _is_singular(self, number: int, moving: list[bool], sign: list[int]) -> bool:
        """Whether an operation is infinite at some value of what moves, not seen to be positive."""
        operation, *content = self.nodes[number]
        if operation == "div":
            return moving[content[1]] and sign[content[1]] < 2
        if operation == "power":
            return content[1] < 0 and sign[content[0]] < 2
        return operation == "tan" or (operation == "log" and sign[content[0]] < 2)

    def _held(self, number: int) -> bool:
        return self.steady[number] and self.nodes[number][0] not in ("const", "p")
