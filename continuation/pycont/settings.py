"""PyCont's settings of a curve: their names, what they are by default, which values make sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynsys.errors import ModelError, UnknownNameError, unknown_name

LABELS = {
    "EP-C": ("LP", "H", "BP", "B"), "LP-C": ("CP", "BT", "ZH"),
    "H-C1": ("BT", "ZH", "GH", "DH"), "H-C2": ("BT", "ZH", "GH", "DH"),
    "LC-C": ("LPC", "PD", "NS", "BPC"), "LPC-C": ("CPC", "R1", "LPPD", "LPNS"),
    "PD-C": ("GPD", "R2", "LPPD", "PDNS"),
    "NS-C": ("R1", "R2", "R3", "R4", "LPNS", "PDNS", "NSNS"),
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "name": None, "type": None, "force": False, "freepars": None, "initpoint": None,
    "initdirec": None, "StepSize": 0.01, "MinStepSize": 1e-5, "MaxStepSize": 0.1,
    "MaxNumPoints": 300, "MaxCorrIters": 5, "MaxTestIters": 10, "FuncTol": 1e-6, "VarTol": 1e-6,
    "TestTol": 1e-4, "ClosedCurve": 50, "LocBifPoints": "all", "StopAtPoints": [], "SPOut": None,
    "SaveEigen": True, "SaveJacobian": False, "Corrector": "MoorePenrose", "verbosity": 1,
    "uservars": None, "description": "", "NumCollocation": 4, "NumIntervals": 50, "AdaptMesh": 3,
    "NumSPOut": 300, "SolutionMeasures": ["max", "min"], "SaveFlow": False, "initcycle": None,
    "UseAuto": False, "DiagVerbosity": 2,
}  # fmt: skip
_POSITIVE = ("StepSize", "MinStepSize", "MaxStepSize", "MaxNumPoints", "FuncTol", "VarTol")


def checked(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The settings, every key known and every value possible."""
    for key in given:
        if key not in DEFAULTS:
            raise UnknownNameError(str(unknown_name("key", key, DEFAULTS, "PCargs")))
    result = dict(given)
    for key in _POSITIVE:
        value = result.get(key, 1)
        if not isinstance(value, (int, float)) or not value > 0:
            raise ModelError(f"{key} is {value!r}; it must be a positive number")
    if result.get("Corrector", "MoorePenrose") not in ("MoorePenrose", "Natural", "Keller"):
        raise ModelError(
            f"Corrector is {result['Corrector']!r}; use MoorePenrose, Natural or Keller "
            "(our engine corrects by pseudo-arclength in each case)"
        )
    known = LABELS.get(kind, ())
    for key in ("LocBifPoints", "StopAtPoints"):
        wanted = result.get(key, "all" if key == "LocBifPoints" else [])
        names = list(known) if wanted in ("all", ["all"]) else wanted
        names = [names] if isinstance(names, str) else list(names or [])
        for label in names:
            if label not in known and label not in ("SP", "B", "BP"):
                raise unknown_name("special point", label, known, f"curve type {kind} ({key})")
        result[key] = names
    return result
