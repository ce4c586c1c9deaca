"""Cable theory and synapses on dendrites against Brian2's spatial neurons."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError
from dynsys.cells.morphology import Morphology, PassiveNeuron, cylinder, rall_tree, read_swc
from dynsys.transfer.dendritic import SpreadInput, dendritic_statistics, spread
from dynsys.transfer.membrane import SynapticInput
from validation.brian import brian
from validation.circuits.dendrites import (
    simulate_dendrites,
    spatial_cell,
    spatial_impedance,
    spatial_polarization,
)

SWC = """1 1 0 0 0 8 -1
2 3 30 0 0 1 1
3 3 60 5 0 0.8 2
4 3 80 20 7 0.5 3
5 3 80 -20 0 0.5 3
6 4 -40 0 0 0.9 1
7 4 -90 10 0 0.4 6
"""


def neuron(longest: float) -> PassiveNeuron:
    cell = rall_tree([100, 100, 80], 4.0, soma_diameter=20)
    return PassiveNeuron(cell.refined(longest), 20_000.0, 1.0, 150.0)


def test_files_give_the_cells_that_brian2_reads(tmp_path):
    path = tmp_path / "cell.swc"
    path.write_text(SWC)
    b2 = brian()
    theirs = b2.Morphology.from_swc_file(str(path))
    ours = read_swc(path)
    total = sum(float((s.area / b2.um**2).sum()) for s in _sections(theirs))
    assert ours.total_area == pytest.approx(total, rel=1e-9)
    assert len(ours) == theirs.total_compartments
    again = spatial_cell(ours)
    assert again.morphology.total_compartments == len(ours)
    assert sorted(again.nodes) == list(range(len(ours)))


def _sections(morphology):
    yield morphology
    for child in morphology.children:
        yield from _sections(child)


def test_steady_impedances_are_those_of_brian2():
    """Its mesh is second order; at 20 um it is within 1e-4 of the exact cable."""
    ours = neuron(20.0)
    theirs = spatial_impedance(ours, 0)
    tip = int(ours.morphology.tips[0])
    assert theirs[0] == pytest.approx(ours.input_impedance("soma").real, rel=2e-4)
    assert theirs[tip] == pytest.approx(ours.transfer_impedance(0, (tip, 0.5)).real, rel=2e-4)


def test_polarization_is_that_of_brian2():
    """By the same currents, injected half a compartment off: first order, 0.1 % at 10 um."""
    ours = neuron(10.0)
    assert spatial_polarization(ours)[0] == pytest.approx(ours.polarization()[0, 0].real, rel=1e-3)


# Events per ms of excitation and inhibition.
RATES = [(2.0, 1.0), (5.0, 3.0), (10.0, 8.0)]


@pytest.mark.parametrize(
    "rates", [pytest.param(r, marks=pytest.mark.slow(chosen=r == RATES[1])) for r in RATES]
)
def test_somatic_statistics_are_those_of_brian2(rates):
    """Within 3 %: mean (of the depolarization) and SD; the time constant within its error.

    Estimated from T = 40 s with a window W, an autocorrelation time has the relative standard error
    sqrt(4 W/T) (Priestley 1981, section 5.3): 5 to 10 %. Over 300 s it agreed within 4 %.
    """
    cell = neuron(25.0)
    weights = spread(cell.morphology)
    inputs = [
        SpreadInput(SynapticInput(rates[0], 0.25, 5.0, 0.0), weights),
        SpreadInput(SynapticInput(rates[1], 0.5, 5.0, -80.0), weights),
    ]
    theory = dendritic_statistics(cell, inputs)
    T = 40_000.0
    run = simulate_dendrites(cell, inputs, duration=T, dt=0.1, seed=1).attrs
    assert run["mean"] - cell.E_L == pytest.approx(theory.mean - cell.E_L, rel=0.03)
    assert run["sd"] == pytest.approx(theory.sd, rel=0.03)
    time = theory.autocorrelation_time
    error = np.sqrt(4 * 8 * time / T)
    assert run["autocorrelation_time"] == pytest.approx(time, rel=2.5 * error)


def test_what_brian2_cannot_hold_is_said():
    two = Morphology(
        "two", np.array([[0.0, 0, 0], [50, 0, 0], [-50, 0, 0]]), np.array([-1, 0, 0]),
        np.array([[0.0, 0], [1, 1], [1, 1]]), ("dendrite",) * 3,
    )  # fmt: skip
    with pytest.raises(ModelError, match="needs a soma"):
        spatial_cell(two)
    kinds = {"dendrite": 150.0, "soma": 100.0}
    mixed = PassiveNeuron(neuron(50.0).morphology, axial_resistance=kinds)
    with pytest.raises(ModelError, match="one axial resistance"):
        spatial_impedance(mixed, 0)


def test_a_cable_without_a_soma_is_the_same_in_brian2():
    bare = PassiveNeuron(cylinder(100.0, 2.0).refined(20))
    theirs = spatial_impedance(bare, 1)
    assert np.isnan(theirs[0])  # the root is no compartment
    exact = [bare.transfer_impedance((1, 0.5), (k, 0.5)).real for k in range(1, 6)]
    assert theirs[1:] == pytest.approx(exact, rel=1e-3)
