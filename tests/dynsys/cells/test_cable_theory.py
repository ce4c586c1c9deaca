"""Passive cable theory against closed forms, and what holds for every tree."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from dynsys.cells.morphology import (
    Morphology,
    PassiveNeuron,
    ball_and_stick,
    cylinder,
    rall_tree,
    reduced,
)
from stimulation import ElectricField, Step

R_M, C_M, R_I = 20_000.0, 1.0, 150.0  # Ohm cm^2, uF/cm^2, Ohm cm
FREQUENCIES = np.array([0.0, 10.0, 100.0, 1000.0])


def semi_infinite(diameter: float, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Space constant (um) and input impedance (MOhm) of an endless cable; Rall 1959, in cm."""
    d = diameter * 1e-4
    membrane = np.pi * d * (1 / R_M + 2j * np.pi * frequency * C_M * 1e-6)
    axial = np.pi * d**2 / (4 * R_I)
    return 1e4 / np.sqrt(membrane / axial), 1e-6 / np.sqrt(membrane * axial)


def tree(longest: float = 20.0) -> PassiveNeuron:
    """Uneven lengths and diameters, one cone, a soma: no symmetry to hide behind."""
    cell = Morphology(
        "uneven",
        np.array(
            [[0, 0, 0], [60, 10, 0], [150, 60, 20], [140, -50, 0], [-90, 5, -40], [230, 60, 90]]
        ),
        np.array([-1, 0, 1, 1, 0, 2]),
        np.array([[0, 0], [4, 3], [2, 1.5], [1.4, 1.4], [3, 1], [1.5, 1.0]], dtype=float),
        ("soma", "dendrite", "apical", "dendrite", "axon", "apical"),
        18.0,
    )  # fmt: skip
    return PassiveNeuron(cell.refined(longest), R_M, C_M, R_I)


def test_a_sealed_cylinder_has_ralls_closed_forms():
    length, x, y = 900.0, 0.3, 0.8
    space, endless = semi_infinite(2.0, FREQUENCIES)
    cable = PassiveNeuron(cylinder(length, 2.0), R_M, C_M, R_I)
    L = length / space
    near = cable.transfer_impedance((1, x), (1, y), FREQUENCIES)
    exact = endless * np.cosh(L * x) * np.cosh(L * (1 - y)) / np.sinh(L)
    assert near == pytest.approx(exact, rel=1e-8)
    assert cable.input_impedance(0, FREQUENCIES) == pytest.approx(endless / np.tanh(L), rel=1e-8)
    attenuation = cable.attenuation(0, 1, FREQUENCIES)
    assert attenuation == pytest.approx(np.cosh(L), rel=1e-8)


@pytest.mark.parametrize("branches", [1, 2, 3, (2, 3, 1)])
def test_a_tree_by_ralls_rule_acts_as_its_equivalent_cylinder(branches):
    whole = PassiveNeuron(rall_tree([200, 150, 100, 50], 4.0, branches), R_M, C_M, R_I)
    far = whole.electrotonic_distances[whole.morphology.tips]
    assert np.ptp(far) < 1e-12
    space, endless = semi_infinite(4.0, FREQUENCIES)
    L = far[0] * space[0].real / space
    assert whole.input_impedance(0, FREQUENCIES) == pytest.approx(endless / np.tanh(L), rel=1e-8)


def test_daughters_have_the_diameter_of_ralls_rule():
    cell = rall_tree([100, 100], 4.0)
    assert cell.diameters[2, 0] == pytest.approx(4.0 * 2 ** (-2 / 3), rel=1e-12)


def test_the_ball_and_stick_moves_in_a_field_as_published():
    published = ElectricField(dendrite_length=1200)
    cell = PassiveNeuron(ball_and_stick(1200, 2.0, 10.0), 28_000.0, 1.0, 150.0)
    for longest in (1200.0, 33.0):  # cylinders are exact at any length
        ours = cell.refined(longest).polarization(FREQUENCIES)[0]
        assert ours == pytest.approx(published.polarisation(FREQUENCIES), rel=1e-6)


def test_transfer_impedances_are_the_same_both_ways():
    neuron = tree()
    for a, b in ((0, 5), ((3, 0.4), (5, 0.1)), (7, (2, 0.5))):
        forth = neuron.transfer_impedance(a, b, FREQUENCIES)
        assert forth == pytest.approx(neuron.transfer_impedance(b, a, FREQUENCIES), rel=1e-10)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0, 1), (1, -2, 0.5)])
def test_what_a_field_drives_out_of_the_membrane_comes_back_in(direction):
    """The current through the membrane of a sealed cell sums to zero, at every frequency."""
    neuron = tree()
    potentials = neuron.polarization(FREQUENCIES, direction)
    diagonal, coupling = neuron.admittances(FREQUENCIES)
    through = diagonal * potentials
    through[1:] += coupling[1:] * potentials[neuron.morphology.parents[1:]]
    np.add.at(through, neuron.morphology.parents[1:], coupling[1:] * potentials[1:])
    assert np.abs(through.sum(axis=0)) == pytest.approx(0, abs=1e-10 * np.abs(through).max())
    assert np.abs(potentials).max() > 1e-3


def test_a_field_across_a_straight_cell_does_nothing():
    neuron = PassiveNeuron(ball_and_stick(), R_M, C_M, R_I)
    assert np.abs(neuron.polarization(10.0, (0, 1, 0))).max() == 0


def test_cones_converge_with_the_square_of_their_length():
    exact = tree(2.0).input_impedance("soma", 200.0)
    errors = [abs(tree(h).input_impedance("soma", 200.0) / exact - 1) for h in (40.0, 20.0, 10.0)]
    assert errors[0] < 5e-3
    assert errors[0] > 2.5 * errors[1] > 6 * errors[2] > 0


def test_a_frequency_beyond_the_mesh_is_refused_with_what_to_do():
    with pytest.raises(ModelError, match=r"refined\(longest=") as caught:
        tree(200.0).input_impedance("soma", 1e6)
    assert "1e+06 Hz" in str(caught.value)


def test_currents_of_one_amplitude_need_no_simulation_for_any_shape():
    cell = rall_tree([200, 150, 100], 3.0, soma_diameter=15.0)
    field = ElectricField(morphology=cell)
    stick = ElectricField(morphology=ball_and_stick(1200))
    assert stick.current("1 V/m", frequency=30) == pytest.approx(15.7509474, rel=1e-8)
    amplitude = field.current("2 V/m")
    assert field.through(Step("2 V/m")).peak.value == pytest.approx(amplitude)
    across = ElectricField(morphology=cell, direction=(0, 1, 0))
    assert across.current("2 V/m") == pytest.approx(0, abs=1e-12)  # its branches are symmetric
    axes = field.plot()
    assert "mV per V/m" in axes.figure.axes[-1].get_ylabel()


def test_a_field_says_what_shape_it_needs():
    with pytest.raises(ModelError, match="dendrite_length"):
        ElectricField()
    with pytest.raises(ModelError, match="would not act"):
        ElectricField(1200, morphology=ball_and_stick())
    with pytest.raises(ModelError, match="not all 0"):
        ElectricField(morphology=ball_and_stick(), direction=(0, 0, 0))


def test_properties_may_differ_from_kind_to_kind():
    cell = tree().morphology
    kinds = dict.fromkeys(set(cell.kinds), R_M)
    same = PassiveNeuron(cell, kinds, C_M, R_I)
    assert same.input_impedance() == pytest.approx(tree().input_impedance(), rel=1e-12)
    leaky = PassiveNeuron(cell, kinds | {"apical": R_M / 4}, C_M, R_I)
    assert abs(leaky.input_impedance()) < abs(same.input_impedance())
    with pytest.raises(UnknownNameError, match="apical"):
        PassiveNeuron(cell, {"soma": R_M, "dendrite": R_M, "axon": R_M})


def test_a_reduced_cell_is_exact_for_steady_currents_and_says_its_error():
    neuron = tree(5.0)
    small, fine = reduced(neuron, [0.1]), reduced(neuron, [0.05, 0.1, 0.15, 0.25])
    assert small.leaks.sum() == pytest.approx(neuron.leak, rel=1e-12)
    assert small.capacitances.sum() == pytest.approx(neuron.total_capacitance, rel=1e-12)
    assert small.errors(0.0) < 1e-5  # the mean over a compartment is a sum over nodes
    assert fine.error < small.error < 0.1
    exact = neuron.impedances(0, 50.0)[0, 0]
    assert small.errors(50.0) == pytest.approx(abs(small.impedances(50.0)[0, 0] / exact - 1))


def test_borders_that_leave_nothing_are_refused():
    neuron = tree()
    for borders, words in (([0.3, 0.2], "rise"), ([5.0], "holds no node")):
        with pytest.raises(ModelError, match=words):
            reduced(neuron, borders)
