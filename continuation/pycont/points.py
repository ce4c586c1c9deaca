"""What a PyCont user reads from a curve: points and solutions with their labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from continuation.pycont.drawing import draw_curve
from dynsys.errors import unknown_name


class args(dict):
    """Keyword arguments whose entries are attributes too, as PyDSTool's ``args``.

    Example
    -------
    >>> PCargs = args(name="EQ1", type="EP-C")
    >>> PCargs.freepars = ["I"]
    >>> PCargs["freepars"]
    ['I']
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"these arguments have no {name!r}; they have: "
                                 f"{', '.join(self) or 'nothing'}") from None  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]


class Point:
    """One point of a curve: ``pt['v']``, ``pt.labels['EP']['stab']``, ``pt.labels['H']['data']``.

    ``special`` is our SpecialPoint or Cycle where the point is one.
    """

    def __init__(self, values: Mapping[str, float], labels: dict[str, Any], special: Any = None):
        self._values, self.labels, self.special = dict(values), labels, special
        self.coordnames = sorted(self._values)

    def __getitem__(self, name: str) -> float:
        if name not in self._values:
            raise unknown_name("coordinate", name, self.coordnames, "this point")
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def todict(self) -> dict[str, float]:
        """Name -> value."""
        return dict(self._values)

    def toarray(self) -> np.ndarray:
        """Values in the order of ``coordnames``."""
        return np.array([self._values[k] for k in self.coordnames])

    def __repr__(self) -> str:
        values = ", ".join(f"{k} = {v:.8g}" for k, v in self._values.items())
        names = [v["name"] for v in self.labels.values() if "name" in v]
        return f"<Point {' '.join(names)}: {values}>"


class Solution(Sequence):
    """A curve's points in order: ``sol['v']`` (k,), ``sol[0]``, ``sol.bylabel('H')``."""

    def __init__(self, points: list[Point], name: str) -> None:
        self._points, self.name = points, name
        self.coordnames = points[0].coordnames if points else []

    def __len__(self) -> int:
        return len(self._points)

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.coordnames:
                raise unknown_name("coordinate", key, self.coordnames, f"curve {self.name}")
            return np.array([point[key] for point in self._points])
        return self._points[key]

    def bylabel(self, label: str) -> list[Point] | None:
        """All points with a label ("H", "LP", "P", "MX", ...); None where there is none."""
        return [p for p in self._points if label in p.labels] or None

    def todict(self) -> dict[str, np.ndarray]:
        """Name -> values (k,)."""
        return {name: self[name] for name in self.coordnames}


class CurveMethods(ABC):
    """What a PyCont user does with any computed curve."""

    @property
    @abstractmethod
    def sol(self) -> Solution | None:
        """All points computed so far; None before the first."""

    def getSpecialPoint(self, label: str, name: str | None = None) -> Point | None:
        """The point of a name: ``getSpecialPoint('H1')`` or ``('H', 'H1')``; None where absent."""
        wanted = name or label
        for point in self.sol or ():
            if any(v.get("name") == wanted for v in point.labels.values()):
                return point
        return None

    def computeEigen(self) -> None:
        """Nothing to do: eigenvalues or multipliers belong to every point."""
        return

    def info(self) -> None:
        """Print kind, settings, special points and why the curve stopped."""
        print(self)

    def display(
        self, coords: Any = None, stability: bool = True, axes: Any = None,
        style: str = "default", **line: Any,
    ) -> Any:  # fmt: skip
        """Draw two coordinates; see ``ContClass.display``. Returns the axes."""
        return draw_curve(self, coords, stability, axes, style, line)
