"""stimulation: what a model does when it is driven."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stimulation.waveforms.electric_field import ElectricField
from stimulation.waveforms.shapes import (
    Chirp,
    Decay,
    Pulse,
    PulseTrain,
    Ramp,
    Sine,
    Step,
    bistability_detector,
)
from stimulation.waveforms.waveform import Constant, Waveform

# These compile, or import what compiles, on first use.
_LAZY = {
    "OrnsteinUhlenbeck": "stimulation.waveforms.noise",
    "Recorded": "stimulation.waveforms.noise",
    "asymptotic_phase": "stimulation.entrainment.isochrons",
    "asymptotic_phases": "stimulation.entrainment.isochrons",
    "arnold_tongue": "stimulation.entrainment.tongues",
    "dose_duration": "stimulation.transitions.threshold",
    "entrainment_map": "stimulation.entrainment.map",
    "order_parameter": "stimulation.entrainment.locking",
    "phase_locking": "stimulation.entrainment.locking",
    "phaseless_pulse": "stimulation.transitions.phaseless",
    "predicted_advance": "stimulation.transitions.phase_design",
    "shifting_pulse": "stimulation.transitions.phase_design",
    "stopping_pulses": "stimulation.transitions.phase_design",
    "transition_threshold": "stimulation.transitions.threshold",
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
