"""Published bifurcation points: one file per system, with equations, source and digits.

A point is a record: ``type`` (LP, H, BT, CP, GH, ZH, LC, LPC, PD, ...), ``par`` and ``p`` (free
parameter and value) or ``pars``, ``x`` (state), ``fixed`` (other parameters that differ from the
defaults), and what is known of it: ``omega``, ``l1_kuznetsov``, ``re_g21_half`` (Re c1), ``abs_a``,
``abs_b``, ``sign_ab``, ``abs_c``, ``re_c2``, ``T``, ``mult``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from dynsys import State, VectorField

NAMES = (
    "adaptive_control",
    "co_oxidation",
    "enzyme_plp",
    "fitzhugh_nagumo",
    "freire_circuit",
    "hodgkin_huxley",
    "jansen_rit",
    "lorenz_63",
    "lorenz_84",
    "morris_lecar",
    "morris_lecar_fast",
    "morris_lecar_homoclinic",
    "qif_adaptation",
    "qif_mean_field",
    "reaction_abc",
    "tsodyks_markram",
    "van_der_pol",
    "wilson_cowan",
)


@dataclass(frozen=True)
class System:
    """A published system: strings for the equations, records for the points."""

    name: str
    states: list[str]
    parameters: dict[str, float]
    equations: dict[str, str]
    points: list[dict[str, Any]]
    definitions: dict[str, str] = field(default_factory=dict)
    phase_response: dict[str, Any] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    def model(self, **values: float) -> VectorField:
        """The system as a VectorField; ranges are wide around the published states."""
        known = np.array([p["x"] for p in self.points if "x" in p] or [np.zeros(len(self.states))])
        low, high = known.min(axis=0), known.max(axis=0)
        margin = np.maximum(high - low, np.maximum(0.3 * np.abs(known).max(axis=0), 0.01))
        states = {
            name: State(
                float(known[0, k]),
                self.ranges.get(name, (float(low[k] - margin[k]), float(high[k] + margin[k]))),
            )
            for k, name in enumerate(self.states)
        }
        model = VectorField(
            self.name, states, self.parameters, self.equations, definitions=self.definitions,
            time_unit="",
        )  # fmt: skip
        return model.with_parameters(**values)

    def select(self, *types: str) -> list[dict[str, Any]]:
        """Points of some types that carry a state."""
        return [p for p in self.points if p["type"] in types and "x" in p]


def system(name: str) -> System:
    """A published system by name."""
    return import_module(f"tests.oracles.{name}").SYSTEM
