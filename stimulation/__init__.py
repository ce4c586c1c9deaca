"""stimulation: what a model does when it is driven."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stimulation.electric_field import ElectricField
from stimulation.shapes import (
    Chirp,
    Decay,
    Pulse,
    PulseTrain,
    Ramp,
    Sine,
    Step,
    bistability_detector,
)
from stimulation.waveforms import Constant, Waveform

# These compile, or import what compiles, on first use.
_LAZY = {
    "OrnsteinUhlenbeck": "stimulation.noise",
    "Recorded": "stimulation.noise",
    "asymptotic_phase": "stimulation.isochrons",
    "asymptotic_phases": "stimulation.isochrons",
    "arnold_tongue": "stimulation.tongues",
    "dose_duration": "stimulation.transitions",
    "entrainment_map": "stimulation.entrainment",
    "order_parameter": "stimulation.locking",
    "phase_locking": "stimulation.locking",
    "phaseless_pulse": "stimulation.phaseless",
    "predicted_advance": "stimulation.phase_design",
    "shifting_pulse": "stimulation.phase_design",
    "stopping_pulses": "stimulation.phase_design",
    "transition_threshold": "stimulation.transitions",
}

__all__ = [
    "Chirp",
    "Constant",
    "Decay",
    "ElectricField",
    "OrnsteinUhlenbeck",
    "Pulse",
    "PulseTrain",
    "Ramp",
    "Recorded",
    "Sine",
    "Step",
    "Waveform",
    "arnold_tongue",
    "asymptotic_phase",
    "asymptotic_phases",
    "bistability_detector",
    "dose_duration",
    "entrainment_map",
    "order_parameter",
    "phase_locking",
    "phaseless_pulse",
    "predicted_advance",
    "shifting_pulse",
    "stopping_pulses",
    "transition_threshold",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
