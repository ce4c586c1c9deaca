"""Special points: what they are, where they are, and how sure we are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import numpy as np

from continuation.frames import row_frame
from dynsys import checks
from dynsys.errors import unknown_name
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import pandas as pd

MEANINGS = {
    "LP": "fold (limit point)",
    "H": "Hopf point",
    "BP": "branch point",
    "B": "edge of a table's domain",
    "CP": "cusp",
    "BT": "Bogdanov-Takens point",
    "GH": "generalized Hopf (Bautin) point",
    "ZH": "zero-Hopf point",
    "HH": "Hopf-Hopf point",
    "UZ": "value asked for",
    "suspect": "events that could not be told apart; see its eigenvalues",
}
# What users of AUTO, XPPAUT, MatCont and BifurcationKit type.
SYNONYMS = {
    "HB": "H",
    "HOPF": "H",
    "SN": "LP",
    "FOLD": "LP",
    "CUSP": "CP",
    "DH": "HH",
    "BAUTIN": "GH",
}


_EXACT = 1e-8  # of a root's size: what delay lines miss by more is printed


def canonical_label(label: str) -> str:
    """The label used here for a label of AUTO, MatCont or BifurcationKit ("HB2" -> "H2")."""
    word = label.rstrip("0123456789")
    number = label[len(word) :]
    return SYNONYMS.get(word.upper(), word) + number


@dataclass(frozen=True)
class SpecialPoint:
    """A bifurcation point, located and certified: a result, found on a branch and not made by hand.

    Parameters
    ----------
    label, name : "LP" and, in order along the branch, "LP2".
    state : (n,) in the model's units, delay lines included.
    parameters : every parameter's value at the point.
    eigenvalues : (n,) in 1/time unit.
    frequency : for Hopf points and what lies on Hopf curves, in Hz (per time unit for a
        dimensionless model); None elsewhere.
    coefficients : normal-form coefficients by name.
    certificate : residual, test function, eigenvalue residual, bracket, error of l1.
    index : the branch's point just before it.
    free : the parameters that were free.
    model : the model with the point's parameters.
    """

    label: str
    state: np.ndarray
    parameters: Mapping[str, float]
    eigenvalues: np.ndarray
    model: VectorField
    free: tuple[str, ...]
    frequency: float | None = None
    coefficients: Mapping[str, float] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0
    piece: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        for attribute in ("parameters", "coefficients", "certificate"):
            object.__setattr__(self, attribute, MappingProxyType(dict(getattr(self, attribute))))

    def __reduce__(self) -> tuple:
        # Read-only mappings cannot be pickled; they are made again.
        values = (getattr(self, item.name) for item in fields(self))
        return type(self), tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

    def row(self) -> dict[str, Any]:
        """Name, free parameters, observables, frequency, coefficients and residual."""
        return {
            "name": self.name,
            "label": self.label,
            **{k: self.parameters[k] for k in self.free},
            **self.observables,
            self.model.frequency_column: self.frequency,
            **self.coefficients,
            "residual": self.certificate.get("residual"),
        }

    @property
    def lyapunov_coefficient(self) -> float | None:
        """First Lyapunov coefficient l1 (Kuznetsov); negative: supercritical Hopf point."""
        return self.coefficients.get("l1")

    @property
    def criticality(self) -> str | None:
        """ "supercritical", "subcritical" or "degenerate" (l1 is zero within its error, as where a
        quantity is conserved, or has no value) for Hopf points, None elsewhere."""
        if self.label != "H" or self.lyapunov_coefficient is None:
            return None
        if not abs(self.lyapunov_coefficient) > self.certificate.get("l1_error", 0.0):
            return "degenerate"
        return "supercritical" if self.lyapunov_coefficient < 0 else "subcritical"

    @property
    def omega(self) -> float | None:
        """Angular frequency in rad per time unit."""
        if self.frequency is None:
            return None
        return 2 * np.pi * self.frequency / self.model.frequency_factor

    @property
    def observables(self) -> dict[str, float]:
        """Observables at the point, in their own units."""
        return self.model.observe(self.state)

    def value(self, name: str) -> float:
        """A parameter, observable or state at the point; UnknownNameError for another name."""
        self.model.unit(name)
        known = {**dict(zip(self.model.states, self.state.tolist(), strict=False))}
        return {**known, **self.observables, **self.parameters}[name]

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {self.parameters[k]:.8g}" for k in self.free)
        words = [f"{self.name or self.label:<4} {where}", MEANINGS.get(self.label, "")]
        if self.certificate.get("pairs", 0) > 1:
            words.append(f"{self.certificate['pairs']} pairs cross together (by symmetry?)")
        if self.certificate.get("zeros", 0) > 1:
            words.append(f"{self.certificate['zeros']} eigenvalues pass 0 together (by symmetry?)")
        if self.frequency is not None:
            words.append(f"{self.frequency:.5g} {self.model.frequency_unit}")
        if self.criticality == "degenerate":
            exists = np.isfinite(self.coefficients["l1"])
            words.append(
                "degenerate: l1 is zero within its error (conservative?)" if exists
                else "degenerate: a further eigenvalue is zero, l1 has no value"
            )  # fmt: skip
        elif self.criticality:
            words.append(self.criticality)
        words += [f"{k} = {v:.5g}" for k, v in self.coefficients.items()]
        if "residual" in self.certificate:
            words.append(f"residual {self.certificate['residual']:.0e}")
        if self.omega and self.certificate.get("delay_residual", 0.0) > _EXACT * self.omega:
            words.append(
                f"delay lines of {self.model.delay_order} nodes: "
                f"{self.certificate['delay_residual']:.0e} from the exact root"
            )
        return "; ".join(word for word in words if word)

    __repr__ = __str__


def record(point: SpecialPoint) -> dict[str, Any]:
    """The point as JSON can hold it, without its model."""
    return {
        "label": point.label,
        "name": point.name,
        "state": point.state.tolist(),
        "parameters": dict(point.parameters),
        "eigenvalues": [[z.real, z.imag] for z in np.asarray(point.eigenvalues, complex)],
        "free": point.free,
        "frequency": point.frequency,
        "coefficients": dict(point.coefficients),
        "certificate": dict(point.certificate),
        "index": point.index,
        "piece": point.piece,
    }


def from_record(model: VectorField, content: Mapping[str, Any]) -> SpecialPoint:
    """The point that ``record`` describes."""
    return SpecialPoint(
        **{
            **content,
            "state": np.array(content["state"]),
            "eigenvalues": np.array([complex(*z) for z in content["eigenvalues"]]),
            "free": tuple(content["free"]),
            "model": model.with_parameters(**content["parameters"]),
        }
    )


class Labelled(Protocol):
    """What special points and special cycles have in common."""

    @property
    def label(self) -> str: ...

    @property
    def name(self) -> str: ...


Found = TypeVar("Found", bound=Labelled)


def numbered(points: Iterable[Found]) -> SpecialPoints[Found]:
    """The points named by label and number, in order: H1, H2, LP1; R3_1 where a digit ends it."""
    counts: dict[str, int] = {}
    result: list[Any] = []
    for point in points:
        label = point.label
        counts[label] = counts.get(label, 0) + 1
        name = f"{label}{'_' if label[-1:].isdigit() else ''}{counts[label]}"
        result.append(point if point.name == name else replace(cast(Any, point), name=name))
    return SpecialPoints(result)


def point_named(points: Sequence[Found], name: str, owner: str) -> Found:
    """The point of a name ("H1"); UnknownNameError with the names there are."""
    if not isinstance(name, str):
        raise unknown_name("special point", name, [p.name for p in points], owner)
    wanted = canonical_label(name)
    for point in points:
        if point.name == wanted:
            return point
    raise unknown_name("special point", name, [p.name for p in points], owner)


def points_labelled(points: Sequence[Found], label: str) -> list[Found]:
    """All points with a label ("H"), in order."""
    checks.text("label", label)
    wanted = canonical_label(label)
    return [p for p in points if p.label == wanted]


class SpecialPoints(tuple[Found, ...]):
    """Special points of a diagram, which once were had by calling a method.

    A call warns and answers as the method did, from ``formerly``: the points it knew.
    """

    formerly: Sequence[Any]

    def __new__(
        cls, points: Iterable[Found], formerly: Sequence[Any] | None = None
    ) -> SpecialPoints[Found]:
        made = super().__new__(cls, points)
        made.formerly = made if formerly is None else formerly
        return made

    def to_dataframe(self) -> pd.DataFrame:
        """One row per point: name, label, parameters, observables, frequency, coefficients."""
        return row_frame(cast(Any, point).row() for point in self)

    def __call__(self, label: str | None = None) -> list[Any]:
        warnings.warn(
            "special_points is an attribute: write diagram.special_points without parentheses, "
            "and diagram.points(label) for those of one label",
            DeprecationWarning,
            stacklevel=2,
        )
        found = list(self.formerly)
        return found if label is None else points_labelled(found, label)
