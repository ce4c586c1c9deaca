"""Hostile inputs are answered in words: no exception but the toolbox's own reaches the user."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from continuation import bifurcation_diagram, equilibria, hopf_curve, limit_cycles
from dynsys import DynsysError, VectorField, simulate, simulate_ensemble
from dynsys.cells.morphology import rall_tree
from dynsys.definition import Attractors
from dynsys.models import LIBRARY, aln, fitzhugh_nagumo
from stimulation import Chirp, ElectricField, Sine, Step
from tests.hostile import KINDS, hostile_calls, outcome

EXAMPLES = 150


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_inputs_raise_only_the_toolboxs_own_errors(kind):
    raw = []

    @seed(16)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(hostile_calls(kind))
    def run(call):
        error = outcome(call)
        if error is not None:
            raw.append(f"{type(error).__name__}: {error} of {call}")

    run()
    assert not raw, "\n".join(raw)


# What a tired user types, and a word of the answer.
FITZHUGH = fitzhugh_nagumo()
RESTS = equilibria(FITZHUGH, "I", (0, 2))


def _decay(**words):
    return VectorField("decay", {"x": 0.5}, {"p": 1.0}, {"x": "p - x"}, **words)


SLIPS = {
    "a parameter where options belong": (lambda: aln(mu_e=1.0), "with_parameters(mu_e=1.0)"),
    "a misspelt option": (lambda: aln(wirring="stated"), "'wiring'"),
    "a misspelt model": (lambda: LIBRARY["ALN"], "'aln'"),
    "values without names": (lambda: FITZHUGH.with_parameters({"I": 3}), "by name"),
    "the model's name for the model": (lambda: equilibria("aln", "mu_e", (0, 2)), "VectorField"),
    "arguments in the wrong order": (lambda: equilibria(FITZHUGH, (0, 2), "I"), "I, a, b"),
    "numbers as text": (lambda: equilibria(FITZHUGH, "I", ("0", "2")), "two numbers"),
    "a span of another parameter": (
        lambda: hopf_curve(
            equilibria(FITZHUGH, "I", (0, 2))["H1"], ("I", "b"), spans={"epsilon": (0, 1)}
        ),
        "I, b",
    ),
    "a time with its unit": (lambda: simulate(FITZHUGH, "100 ms"), "positive"),
    "a step longer than the run": (lambda: simulate(FITZHUGH, 1, method="rk4", dt=5), "use 5"),
    "a function without time": (
        lambda: simulate(FITZHUGH, 10, inputs={"I": lambda: 1}), "array of times",
    ),
    "a function that gives text": (
        lambda: simulate(FITZHUGH, 10, inputs={"I": lambda t: "a"}), "array of times",
    ),
    "a frequency where the start is": (lambda: Sine("40 pA", 30), "frequency=30"),
    "two frequencies where the times are": (lambda: Chirp("40 pA", 1, 100), "first=1"),
    "a model as a mapping": (lambda: FITZHUGH["I"], "model.parameters"),
    "a color that is none": (lambda: RESTS.plot(color="bluu"), "color is 'bluu'"),
    "a keyword in British spelling": (lambda: RESTS.plot(colour="red"), "'color'"),
    "a number for a sentence": (lambda: _decay(notes=3), "list of sentences"),
    "a number for a source": (lambda: _decay(source=3), "source is 3; it must be text"),
    "attractors as a word": (lambda: _decay(attractors="up"), "Attractors("),
    "attractors of nothing": (
        lambda: _decay(attractors=Attractors("rate", (1.0,), ("low", "high"))), "no observable",
    ),
    "borders without names": (
        lambda: _decay(attractors=Attractors("x", (1.0, 2.0), ("low", "high"))), "2 borders",
    ),
    "a set without values": (lambda: _decay(sets={"rest": 0.0}), "the set rest is 0.0"),
    "a file without a name": (lambda: RESTS.save(""), "'branch.nc'"),
    "a word where axes belong": (
        lambda: RESTS.plot(ax="here"), "axes of matplotlib",
    ),
    "a span beside the start": (
        lambda: limit_cycles(equilibria(FITZHUGH, "I", (0, 2))["H1"], "I", (5, 9)),
        "outside the span (5, 9)",
    ),
    "noise without its state": (
        lambda: VectorField("m", {"x": 0.5}, {"p": 1.0}, {"x": "p - x"}, noise="0.1"),
        "noise is '0.1'",
    ),
    "an array where a switch belongs": (
        lambda: simulate_ensemble(FITZHUGH, 10, {"I": [0.1]}, warn=np.ones(2)), "True or False",
    ),
    "numbers where a folder belongs": (
        lambda: simulate_ensemble(FITZHUGH, 10, {"I": [0.1]}, out=[1, 2]), "text or a path",
    ),
    "values without a parameter": (
        lambda: simulate_ensemble(FITZHUGH, 10, np.ones(2)), "{'k': [1, 2]}",
    ),
    "a word where a result belongs": (
        lambda: simulate_ensemble(FITZHUGH, 10, {"I": [0.1]}, resume="x"), "interrupted call",
    ),
    "amplitudes without states": (lambda: simulate(FITZHUGH, 10, noise=np.ones(2)), "{'x': 0.1}"),
    "branches for other lengths": (
        lambda: rall_tree([200, 100, 50], 4.0, branches=[2, 2, 2]), "2 branchings",
    ),
    "a year of a field": (
        lambda: ElectricField(dendrite_length=1200).through(Step("1 V/m"), duration=3.2e10),
        "longer dt",
    ),
    "times as text": (lambda: Step("40 pA").values("1 s"), "times is '1 s'"),
    "less than no audit": (
        lambda: bifurcation_diagram(FITZHUGH, ("I", 0, 1), ("b", 0, 1), audit=-1), "audit is -1",
    ),
    "samples for a function": (
        lambda: simulate(FITZHUGH, 10, inputs={"I": np.ones(100)}), "function of time",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "word"), SLIPS.values(), ids=SLIPS)
def test_a_plausible_slip_is_answered_with_what_is_allowed(call, word):
    with pytest.raises(DynsysError) as told:
        call()
    assert word in str(told.value)
