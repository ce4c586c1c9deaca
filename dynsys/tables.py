"""``SmoothTable``: functions known on a grid as quintic splines with analytic derivatives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import sympy

from dynsys.compiled.splines import BASIS, HIGHEST, fill
from dynsys.errors import ModelError, StorageError, unknown_name
from dynsys.expressions.lookup import TableLookup
from dynsys.numpy_files import read_arrays
from dynsys.storage import write_atomically
from dynsys.typed import typed

_UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError)


class SmoothTable:
    """Quantities on a uniform two-dimensional grid as quintic tensor-product B-splines.

    The interpolant is four times continuously differentiable; its ends are not-a-knot (the fifth
    derivative is continuous at the two knots next to either end).

    Parameters
    ----------
    name : how expressions call it: ``name.quantity(a, b)``.
    axes : two names with uniform increasing grids, (nx,) and (ny,), of 8 points or more.
    quantities : name -> values (nx, ny).
    units : name -> unit.

    ``table.quantity(a, b)`` is the symbolic value for a model's equations, ``evaluate`` the number,
    ``digest`` a hash of the content, ``packed`` what compiled functions read (nx, ny, number of
    quantities, x0, hx, y0, hy, then the coefficients [nx + 4, ny + 4, quantity]).

    Raises
    ------
    ModelError
        for grids or values that cannot be interpolated, and on any attempt to change a table.

    Example
    -------
    >>> x = np.linspace(0, 1, 20)
    >>> table = SmoothTable("f", {"x": x, "y": x}, {"product": np.outer(x, x)})
    >>> float(table.evaluate("product", 0.5, 0.25))
    0.125
    """

    @typed
    def __init__(
        self,
        name: str,
        axes: Mapping[str, np.ndarray],
        quantities: Mapping[str, np.ndarray],
        units: Mapping[str, str] | None = None,
        source: str = "",
    ) -> None:
        if not name.isidentifier():
            raise ModelError(f"{name!r} cannot name a table; use an identifier")
        if len(axes) != 2 or not quantities:
            raise ModelError(f"table {name}: give two axes and at least one quantity")
        self.name, self.source = name, source
        self.axes = MappingProxyType({k: _uniform(name, k, v) for k, v in axes.items()})
        self.quantities = tuple(quantities)
        self.units = MappingProxyType(dict(units or {}))
        x, y = self.axes.values()
        values = [_values(name, k, v, (len(x), len(y))) for k, v in quantities.items()]
        coefficients = _coefficients(_coefficients(np.stack(values, axis=-1), 0), 1)
        header = [len(x), len(y), len(values), x[0], x[1] - x[0], y[0], y[1] - y[0]]
        self.packed = np.concatenate([np.array(header, dtype=float), coefficients.ravel()])
        self._plain = self.packed.copy()  # compiled functions refuse read-only arrays
        self.packed.setflags(write=False)
        # The data, not the fitted coefficients: those differ in the last bits between machines.
        content = np.concatenate([x, y, *(v.ravel() for v in values)])
        text = repr((name, tuple(axes), self.quantities)).encode()
        self.digest = hashlib.sha256(text + content.tobytes()).hexdigest()[:32]
        self._values = dict(zip(quantities, values, strict=True))
        self._sealed = True

    def __setattr__(self, name: str, value: object) -> None:
        if getattr(self, "_sealed", False):
            raise ModelError(f"table {self.name} cannot be changed ({name}); make another one")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Callable[[sympy.Expr, sympy.Expr], sympy.Expr]:
        # Only reached for names that are no ordinary attributes: ``table.log_rate(a, b)``.
        if name.startswith("_") or name not in self.__dict__.get("quantities", ()):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return partial(self.expression, name)

    def __reduce__(self) -> tuple:
        content = (dict(self.axes), self._values, dict(self.units), self.source)
        return type(self), (self.name, *content)

    @property
    def domain(self) -> Mapping[str, tuple[float, float]]:
        """Axis name -> (lowest, highest) argument."""
        return MappingProxyType({k: (float(v[0]), float(v[-1])) for k, v in self.axes.items()})

    def expression(self, quantity: str, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        """The quantity at (a, b) for use in a model's equations."""
        return TableLookup(sympy.Symbol(self.name), self._index(quantity), 0, 0, a, b)

    def evaluate(
        self,
        quantity: str,
        a: float | np.ndarray,
        b: float | np.ndarray,
        derivative: tuple[int, int] = (0, 0),
        extrapolate: bool = False,
    ) -> np.ndarray:
        """Values (broadcast shape of ``a`` and ``b``) of a quantity or one of its derivatives.

        Raises ModelError outside the domain unless ``extrapolate`` is set (then the polynomials
        of the edge are continued).
        """
        index = self._index(quantity)
        if min(derivative) < 0:
            raise ModelError(f"derivative {derivative} makes no sense; use orders of 0 or more")
        first, second = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
        if not extrapolate:
            self._check(first, second)
        result = np.zeros(first.size)
        if sum(derivative) <= HIGHEST:
            points = np.ascontiguousarray(np.stack([first.ravel(), second.ravel()]))
            fill(self._plain, index, *derivative, points, result)
        return result.reshape(first.shape)

    def save(self, path: str | Path) -> Path:
        """Write grids, values, units and source (npz), complete or not at all.

        Raises StorageError where the place cannot be written.
        """
        names = {"name": self.name, "axes": list(self.axes), "quantities": list(self.quantities)}
        header = json.dumps(names | {"units": dict(self.units), "source": self.source})
        arrays = {f"axis_{k}": v for k, v in enumerate(self.axes.values())}
        arrays |= {f"quantity_{k}": v for k, v in enumerate(self._values.values())}

        def write(draft: Path) -> None:
            with open(draft, "wb") as file:
                np.savez_compressed(file, allow_pickle=False, header=np.array(header), **arrays)

        return write_atomically(Path(path), write)

    @classmethod
    def load(cls, path: str | Path) -> SmoothTable:
        """Read a table written by ``save``; StorageError names a file missing or damaged."""
        try:
            stored = read_arrays(path)
            header = json.loads(str(stored["header"]))
            axes = {k: stored[f"axis_{i}"] for i, k in enumerate(header["axes"])}
            values = {k: stored[f"quantity_{i}"] for i, k in enumerate(header["quantities"])}
            return cls(header["name"], axes, values, header["units"], header["source"])
        except _UNREADABLE as error:
            raise StorageError(
                f"{path} cannot be read as a table ({error}); it is missing, damaged or something "
                "else: write it again with SmoothTable.save"
            ) from error

    def _index(self, quantity: str) -> int:
        if quantity not in self.quantities:
            raise unknown_name("quantity", quantity, self.quantities, f"table {self.name}")
        return self.quantities.index(quantity)

    def _check(self, a: np.ndarray, b: np.ndarray) -> None:
        for values, (axis, (low, high)) in zip((a, b), self.domain.items(), strict=True):
            outside = values[~((values >= low) & (values <= high))]
            if outside.size:
                raise ModelError(
                    f"table {self.name}: {axis} = {outside.flat[0]:g} is outside its domain "
                    f"[{low:g}, {high:g}]; pass extrapolate=True to continue the edge's polynomial"
                )

    def __repr__(self) -> str:
        spans = ", ".join(f"{k} in [{lo:g}, {hi:g}]" for k, (lo, hi) in self.domain.items())
        return f"<SmoothTable {self.name}: {', '.join(self.quantities)}; {spans}>"


def _uniform(table: str, name: str, values: np.ndarray) -> np.ndarray:
    axis = np.array(values, dtype=float)
    if axis.ndim != 1 or len(axis) < 8:
        raise ModelError(f"table {table}: axis {name} needs 8 grid points or more in one dimension")
    steps = np.diff(axis)
    if not (np.all(np.isfinite(axis)) and np.all(steps > 0)):
        raise ModelError(f"table {table}: axis {name} must increase and be finite")
    if np.ptp(steps) > 1e-9 * (axis[-1] - axis[0]):
        raise ModelError(
            f"table {table}: axis {name} is not uniform; resample it on a uniform grid"
        )
    axis.setflags(write=False)
    return axis


def _values(table: str, name: str, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    array = np.array(values, dtype=float)
    if array.shape != shape:
        raise ModelError(f"table {table}: {name} has shape {array.shape}; the grid is {shape}")
    if not np.all(np.isfinite(array)):
        raise ModelError(f"table {table}: {name} holds values that are not finite")
    return array


def _coefficients(values: np.ndarray, axis: int) -> np.ndarray:
    """B-spline coefficients (n + 4 along ``axis``) of the not-a-knot interpolant."""
    from scipy.sparse import lil_matrix  # only the making of a table needs it
    from scipy.sparse.linalg import splu

    n = values.shape[axis]
    matrix = lil_matrix((n + 4, n + 4))
    for i in range(n - 1):
        matrix[i, i : i + 6] = BASIS[:, 0]
    matrix[n - 1, n - 2 : n + 4] = BASIS.sum(axis=1)
    # A vanishing sixth difference makes the fifth derivative continuous across a knot.
    sixth = np.array([1, -6, 15, -20, 15, -6, 1], dtype=float)
    for row, start in enumerate((0, 1, n - 4, n - 3)):
        matrix[n + row, start : start + 7] = sixth
    moved = np.moveaxis(values, axis, 0)
    right = np.zeros((n + 4, *moved.shape[1:]))
    right[:n] = moved
    solved = splu(matrix.tocsc()).solve(right.reshape(n + 4, -1))
    return np.moveaxis(solved.reshape(right.shape), 0, axis)
