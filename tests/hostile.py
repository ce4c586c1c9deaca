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
    bifurcation_diagram,
    equilibria,
    find_equilibria,
    fold_curve,
    hopf_curve,
    limit_cycles,
    phase_response,
    user_points,
)
from continuation.engine.settings import Settings
from dynsys import State, VectorField, simulate, simulate_ensemble
from dynsys.definition import Parameter
from dynsys.errors import DynsysError
from dynsys.models import LIBRARY, adex_neuron
from dynsys.simulation import Tolerance
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


def _declared(**parameter: Any) -> VectorField:
    return VectorField("m", {"x": 1.0}, {"p": Parameter(**parameter)}, {"x": "p - x"}, time_unit="")


KINDS: dict[str, list[Call]] = {
    "definitions": [
        (VectorField, {"name": "m", "states": {"x": 1.0}, "parameters": {"p": 1.0},
                       "equations": {"x": "p - x"}, "definitions": {"r": "x^2"},
                       "observables": {"y": "x"}, "time_unit": "", "delay_order": 8}),
        (_stated, {"initial": 1.0, "range": (0.0, 2.0), "lowest": 0.0, "unit": "mV"}),
        (_declared, {"value": 1.0, "unit": "mV", "positive": True}),
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
