"""stimulation: what a model does when it is driven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from stimulation.entrainment.isochrons import asymptotic_phase, asymptotic_phases
    from stimulation.entrainment.locking import order_parameter, phase_locking
    from stimulation.entrainment.map import entrainment_map
    from stimulation.entrainment.tongues import arnold_tongue
    from stimulation.transitions.phase_design import (
        predicted_advance,
        shifting_pulse,
        stopping_pulses,
    )
    from stimulation.transitions.phaseless import phaseless_pulse
    from stimulation.transitions.threshold import dose_duration, transition_threshold
    from stimulation.waveforms.electric_field import ElectricField
    from stimulation.waveforms.noise import OrnsteinUhlenbeck, Recorded
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "stimulation.entrainment.isochrons": ["asymptotic_phase", "asymptotic_phases"],
        "stimulation.entrainment.locking": ["order_parameter", "phase_locking"],
        "stimulation.entrainment.map": ["entrainment_map"],
        "stimulation.entrainment.tongues": ["arnold_tongue"],
        "stimulation.transitions.phase_design": [
            "predicted_advance",
            "shifting_pulse",
            "stopping_pulses",
        ],
        "stimulation.transitions.phaseless": ["phaseless_pulse"],
        "stimulation.transitions.threshold": ["dose_duration", "transition_threshold"],
        "stimulation.waveforms.electric_field": ["ElectricField"],
        "stimulation.waveforms.noise": ["OrnsteinUhlenbeck", "Recorded"],
        "stimulation.waveforms.shapes": [
            "Chirp",
            "Decay",
            "Pulse",
            "PulseTrain",
            "Ramp",
            "Sine",
            "Step",
            "bistability_detector",
        ],
        "stimulation.waveforms.waveform": ["Constant", "Waveform"],
    },
)
