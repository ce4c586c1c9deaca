"""Synapses on dendrites: the point cell as a limit, what refinement does, the equivalent point."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from dynsys.cells import find_cell, simulate_cell
from dynsys.cells.morphology import Morphology, PassiveNeuron, rall_tree, reduced
from dynsys.transfer import membrane_statistics
from dynsys.transfer.dendritic import SpreadInput, dendritic_statistics, point_equivalent, spread
from dynsys.transfer.membrane import SynapticInput

EXCITATION = SynapticInput(5.0, 0.5, 5.0, 0.0)
INHIBITION = SynapticInput(3.0, 1.0, 5.0, -80.0)


def neuron(longest: float = 20.0) -> PassiveNeuron:
    cell = rall_tree([100, 100, 80], 4.0, soma_diameter=20)
    return PassiveNeuron(cell.refined(longest), 20_000.0, 1.0, 150.0)


def inputs(cell: Morphology, **where) -> list[SpreadInput]:
    weights = spread(cell, **where)
    return [SpreadInput(EXCITATION, weights), SpreadInput(INHIBITION, weights)]


def test_a_cell_without_dendrites_is_the_point_cell():
    ball = Morphology("ball", np.zeros((1, 3)), np.array([-1]), np.zeros((1, 2)), ("soma",), 40.0)
    cell = PassiveNeuron(ball, 20_000.0, 1.0, 150.0, E_L=-67.0)
    found = dendritic_statistics(cell, inputs(ball), current=3.0)
    exact = membrane_statistics(
        [EXCITATION, INHIBITION], cell.leak, cell.total_capacitance, -67.0, 3.0
    )
    assert found.mean == pytest.approx(float(exact.mean), rel=1e-12)
    assert found.sd == pytest.approx(float(exact.sd), rel=1e-7)
    assert found.conductance == pytest.approx(float(exact.conductance), rel=1e-12)
    assert found.autocorrelation_time == pytest.approx(float(exact.autocorrelation_time), rel=1e-7)


def test_refining_the_cell_changes_nothing():
    coarse, fine = (
        dendritic_statistics(neuron(h), inputs(neuron(h).morphology)) for h in (20.0, 5.0)
    )
    assert coarse.mean == pytest.approx(fine.mean, abs=1e-3)
    assert coarse.sd == pytest.approx(fine.sd, rel=1e-4)
    assert coarse.autocorrelation_time == pytest.approx(fine.autocorrelation_time, rel=1e-3)


def test_synapses_far_away_do_less():
    cell = neuron()
    weak = SynapticInput(0.5, 0.1, 5.0, 0.0)  # too little to change what the cell conducts
    near, far = (
        dendritic_statistics(cell, [SpreadInput(weak, spread(cell.morphology, density=d))])
        for d in (lambda d: np.exp(-d / 20), lambda d: d**8)
    )
    reach = abs(cell.attenuation(int(cell.morphology.tips[0]), "soma"))
    assert reach > 1.1
    # A steady current reaches the soma as well from afar as from there, attenuated.
    assert far.mean + 65 < near.mean + 65
    assert far.sd < near.sd


def test_the_equivalent_point_has_the_same_statistics():
    found = dendritic_statistics(neuron(), inputs(neuron().morphology), current=20.0)
    point = point_equivalent(found)
    same = membrane_statistics(point.inputs, point.g_L, point.C_m, point.E_L)
    assert float(same.mean) == pytest.approx(found.mean, rel=1e-10)
    assert float(same.sd) == pytest.approx(found.sd, rel=1e-9)
    assert float(same.autocorrelation_time) == pytest.approx(found.autocorrelation_time, rel=1e-9)
    assert float(same.conductance) == pytest.approx(found.conductance, rel=1e-10)


def test_few_compartments_fluctuate_nearly_as_the_whole_cell():
    """Independent of the theory: a simulation of the reduced cell, without its spikes."""
    whole = neuron()
    small = reduced(whole, [0.1])
    quiet = find_cell("LIF")
    cell = small.cell(quiet)
    synapses = {
        "e": (EXCITATION.rate, EXCITATION.Q, EXCITATION.tau, EXCITATION.E),
        "i": (INHIBITION.rate, 4 * INHIBITION.Q, INHIBITION.tau, INHIBITION.E),
    }
    run = simulate_cell(cell, 20_000.0, synapses=synapses, settle=500.0, seed=1)
    weights = spread(whole.morphology)
    strong = SynapticInput(INHIBITION.rate, 4 * INHIBITION.Q, INHIBITION.tau, INHIBITION.E)
    theory = dendritic_statistics(
        whole, [SpreadInput(EXCITATION, weights), SpreadInput(strong, weights)]
    )
    assert run.attrs["rate"] == 0
    assert run.attrs["mean"] == pytest.approx(theory.mean, abs=0.5)
    # One event opens everywhere at once in few compartments: their mean, not each place's, counts.
    assert run.attrs["sd"] == pytest.approx(theory.sd, rel=0.05)


def test_what_makes_no_synapses_is_refused():
    cell = neuron().morphology
    with pytest.raises(ModelError, match="density is 0"):
        spread(cell, density=lambda d: 0 * d)
    with pytest.raises(UnknownNameError, match="axon"):
        spread(cell, "axon")
    with pytest.raises(ModelError, match="sum 1"):
        SpreadInput(EXCITATION, np.ones(3))
    weights = np.zeros(3)
    weights[0] = 1
    with pytest.raises(ModelError, match="3 weights"):
        dendritic_statistics(neuron(), [SpreadInput(EXCITATION, weights)])
    with pytest.raises(ModelError, match="nothing fluctuates"):
        dendritic_statistics(neuron(), [])
