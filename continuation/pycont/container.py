"""``ContClass``: PyCont's names on our engine, so that a PyCont script runs with other imports.

from continuation.pycont import ContClass, Generator, args
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from continuation.cycles.cycle import Cycle
from continuation.engine.special_points import SpecialPoint
from continuation.pycont.curves import Curve
from continuation.pycont.cycles import SPECIAL, CycleCurve, SpecialCycleCurve
from continuation.pycont.points import Point, args
from continuation.pycont.settings import DEFAULTS, checked
from dynsys.errors import ModelError, unknown_name
from dynsys.exchange.pydstool_specification import read_pydstool
from dynsys.vector_field import VectorField

__all__ = ["ContClass", "Generator", "args"]

_FREE = {"EP-C": 1, "LC-C": 1, "LP-C": 2, "H-C1": 2, "H-C2": 2, **dict.fromkeys(SPECIAL, 2)}
_ABSENT = {
    "FP-C": "write the map as a continuation.Map and call continuation.fixed_points",
    "UD-C": "write the equations as a VectorField and use EP-C",
    "CP-C": "cusps are located on LP-C",
}


class ContClass:
    """Curves of one model under PyCont's names.

    Parameters
    ----------
    model : a ``VectorField``, PyDSTool's string specification (``args(...)`` or a dictionary), or
        a PyDSTool Generator made from one.

    Differences from PyCont, all in the user's favour: unknown keys raise with a suggestion;
    results are the same every time; Hopf points are found by eigenvalues; a failure keeps what
    was computed and ``curve.stopped`` says why; LocBifPoints is 'all' by default; stability is
    always known; LP-C, H-C1 and H-C2 need no compiler, nor does LC-C; LPC-C, PD-C and NS-C
    follow special cycles in two parameters.

    Example
    -------
    >>> from dynsys.models import morris_lecar
    >>> PC = ContClass(morris_lecar())
    >>> PC.newCurve(args(name="EQ1", type="EP-C", freepars=["I"], MaxStepSize=2.0, StepSize=0.1))
    >>> PC["EQ1"].forward()
    >>> PC["EQ1"].getSpecialPoint("H1")["I"]
    """

    def __init__(self, model: Any) -> None:
        self.model = as_model(model)
        self.curves: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.curves:
            raise unknown_name("curve", name, self.curves, f"ContClass of {self.model.name}")
        return self.curves[name]

    def __contains__(self, name: str) -> bool:
        return name in self.curves

    def newCurve(self, initargs: Mapping[str, Any]) -> None:
        """Add a curve; ``forward`` and ``backward`` of it compute.

        Raises ModelError, UnknownNameError for keys, types and values that make no sense, and
        for a start that does not fit the type.
        """
        given = dict(initargs if isinstance(initargs, Mapping) else vars(initargs))
        kind = str(given.get("type", "")).upper()
        if kind in _ABSENT:
            raise ModelError(f"curve type {kind}: {_ABSENT[kind]}")
        if kind not in _FREE:
            raise unknown_name("curve type", kind, _FREE, "ContClass")
        settings = {**DEFAULTS, **checked(given, kind), "type": kind}
        name = settings["name"]
        if not isinstance(name, str) or not name:
            raise ModelError("a curve needs a name: newCurve(args(name='EQ1', ...))")
        if name in self.curves and not settings["force"]:
            raise ModelError(f"curve {name} exists already; use force=True to replace it")
        self._check_parameters(settings)
        start = self._start(settings)
        model = self.model.with_parameters(**dict(start.parameters))
        if kind == "LC-C":
            self.curves[name] = CycleCurve(model, settings, _cycle_start(settings, start, model))
        elif kind in SPECIAL:
            self.curves[name] = SpecialCycleCurve(model, settings, start)
        else:
            self.curves[name] = Curve(model, settings, start)

    def delCurve(self, name: str) -> None:
        """Forget a curve."""
        del self.curves[self[name].name]

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change settings of every curve."""
        for curve in self.curves.values():
            curve.update(dict(changes))

    def computeEigen(self) -> None:
        """Nothing to do: eigenvalues belong to every point of every curve."""

    def info(self) -> None:
        """Print the model and every curve with its special points."""
        print(f"ContClass of {self.model.name}")
        print(*self.curves.values(), sep="\n")

    def display(
        self, coords: Sequence[str] | None = None, stability: bool = True, axes: Any = None,
        curves: Sequence[str] | None = None, style: str = "default", **line: Any,
    ) -> Any:  # fmt: skip
        """Draw all computed curves (or those named) that have the coordinates; returns the axes.

        Stable parts solid, unstable dashed, saddles dash-dotted. ``axes.figure.savefig(...)``
        writes the picture. ``style`` is "default", "publication" or "xppaut"; ``line`` are
        matplotlib's keywords for lines.
        """
        names = self.curves if curves is None else curves
        computed = [self[name] for name in names if self[name].sol is not None]
        if not computed:
            raise ModelError("no curve has been computed; call forward() or backward() first")
        for curve in computed:
            known = curve.sol.coordnames
            if coords is None or all(k in known or f"{k}_max" in known for k in coords):
                axes = curve.display(coords, stability, axes, style, **line)
        if axes is None:
            raise ModelError(f"no curve has the coordinates {', '.join(coords or ())}")
        return axes

    # --- where a curve starts -----------------------------------------------------------------

    def _check_parameters(self, settings: dict[str, Any]) -> None:
        kind, given = settings["type"], settings["freepars"]
        names = [given] if isinstance(given, str) else list(given or [])
        if kind == "LC-C":
            names = [k for k in names if k not in ("period", "_T")]
        for label in names:
            self.model.parameter_index(label)
        if len(names) != _FREE[kind] or len(set(names)) != len(names):
            raise ModelError(
                f"curve type {kind} has {_FREE[kind]} free parameter{'s' * (_FREE[kind] > 1)}; "
                f"freepars is {given!r}"
            )
        settings["freepars"] = names
        for label in settings["SPOut"] or {}:
            if label not in names:
                raise unknown_name("free parameter", label, names, "SPOut")

    def _start(self, settings: dict[str, Any]) -> Any:
        """A SpecialPoint or Cycle to start from."""
        given, kind = settings["initpoint"], settings["type"]
        if isinstance(given, str):
            given = self._named(given)
        if isinstance(given, (SpecialPoint, Cycle)):
            return given
        if isinstance(given, Point) and given.special is not None:
            return given.special
        values = given.todict() if isinstance(given, Point) else dict(given or {})
        known = [*self.model.states, *self.model.parameters]
        for label in values:
            if label not in known:
                raise unknown_name("variable or parameter", label, known, "initpoint")
        parameters = {k: float(v) for k, v in values.items() if k in self.model.parameters}
        model = self.model.with_parameters(**parameters)
        state = [float(values.get(k, s.initial)) for k, s in model.states.items()]
        label = {"LP-C": "LP", "H-C1": "H", "H-C2": "H"}.get(kind, "")
        return _point_at(model, model.fill_lines(np.array(state)), label, settings["freepars"])

    def _named(self, text: str) -> Any:
        """``'EQ1:H1'``."""
        curve, separator, label = text.partition(":")
        if not separator:
            raise ModelError(f"initpoint {text!r} is not of the form 'EQ1:H1'")
        point = self[curve].getSpecialPoint(label)
        if point is None:
            found = [v["name"] for p in self[curve].sol or () for v in p.labels.values()
                     if "name" in v]  # fmt: skip
            raise unknown_name("special point", label, found, f"curve {curve}")
        return point


def _point_at(
    model: VectorField, state: np.ndarray, label: str, free: Sequence[str]
) -> SpecialPoint:
    """A point of a user's own as a start."""
    values = np.linalg.eigvals(model.jacobian(state))
    frequency = None
    if label == "H":
        pair = values[np.argmin(np.abs(values.real) + 1e9 * (np.abs(values.imag) < 1e-12))]
        frequency = abs(pair.imag) / (2 * np.pi) * model.frequency_factor
    return SpecialPoint(
        label=label, state=state, parameters=dict(model.parameters), eigenvalues=values,
        model=model, free=tuple(free), frequency=frequency, name="the initial point",
    )  # fmt: skip


def _cycle_start(settings: dict[str, Any], start: Any, model: VectorField) -> Any:
    """What ``limit_cycles`` starts from: a Hopf point, a cycle, or the model itself."""
    if isinstance(start, Cycle) or getattr(start, "label", "") in ("H", "GH", "DH"):
        return start
    if settings["initpoint"] is None or start.label == "":
        return model
    raise ModelError(
        f"curve {settings['name']}: type LC-C starts at a Hopf point or a cycle, not at "
        f"{start.name} (labelled {start.label})"
    )


def as_model(given: Any) -> VectorField:
    """A VectorField from whatever PyCont's users have at hand."""
    if isinstance(given, VectorField):
        return given
    if hasattr(given, "funcspec"):  # a PyDSTool Generator
        spec = {k: v for k, v in dict(given.funcspec._initargs).items() if k != "_for_macro_info"}
        wanted = ("varspecs", "fnspecs", "auxvars", "reuseterms")
        content = {k: spec[k] for k in wanted if spec.get(k)}
        ics = {k: float(v) for k, v in dict(given.initialconditions).items()}
        pars = {k: float(v) for k, v in dict(given.pars).items()}
        return read_pydstool({"name": given.name, "pars": pars, "ics": ics, **content})
    if isinstance(given, Mapping) or hasattr(given, "varspecs"):
        return read_pydstool(given)
    raise ModelError(
        f"ContClass takes a VectorField or PyDSTool's args(varspecs=...), not a "
        f"{type(given).__name__}"
    )


class Generator:
    """The Generators a PyDSTool script names; each reads the specification as our model."""

    @staticmethod
    def Vode_ODEsystem(specification: Any) -> VectorField:
        """A model from PyDSTool's ``args(varspecs=..., pars=..., ics=...)``."""
        return read_pydstool(specification)

    Radau_ODEsystem = Dopri_ODEsystem = Euler_ODEsystem = Vode_ODEsystem
