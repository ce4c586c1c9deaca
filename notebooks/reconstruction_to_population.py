# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a reconstruction to a population in an electric field
#
# A neuron from an SWC file; what a field does along its dendrites; what its synapses do to its
# soma; the same cell as a spiking cell of few compartments, its transfer function, and the mean
# field of a population of such cells in the field.
#
# `pyramidal.swc` is drawn by a rule in the proportions of a layer-5 cell; any file of
# NeuroMorpho.org takes its place.

# %%
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dynsys import frequency_response
from dynsys.cells import find_cell
from dynsys.cells.morphology import PassiveNeuron, ball_and_stick, read_swc, reduced
from dynsys.models import master_equation
from dynsys.transfer import (
    NETWORKS,
    Circuit,
    GridSettings,
    fit_transfer_function,
    membrane_statistics,
    rate_grid,
)
from dynsys.transfer.dendritic import SpreadInput, dendritic_statistics, point_equivalent, spread
from dynsys.transfer.membrane import SynapticInput
from stimulation import ElectricField

folder = Path("notebooks") if Path("notebooks").is_dir() else Path()
cell = read_swc(folder / "pyramidal.swc").refined(10.0)
print(cell)

# %% [markdown]
# ## The passive cell
#
# Impedances come from linear algebra on the tree, at any frequency: a current at a distal tip
# reaches the soma attenuated, the faster it changes the more.

# %%
neuron = PassiveNeuron(cell, membrane_resistance=15_000.0, capacitance=1.0, axial_resistance=150.0)
frequencies = np.logspace(0, 3, 60)
tip = int(cell.tips[np.argmax(cell.distances[cell.tips])])

figure = Figure(figsize=(9, 4), layout="constrained")
left, right = figure.subplots(1, 2)
cell.plot(neuron.electrotonic_distances, ax=left, label="electrotonic distance from the soma")
for label, place in (("into the soma", "soma"), ("into the farthest tip", tip)):
    impedance = neuron.transfer_impedance(place, "soma", frequencies)
    right.loglog(frequencies, abs(impedance), label=label)
right.set_xlabel("frequency (Hz)")
right.set_ylabel("somatic impedance (MOhm)")
right.legend(title="current")
figure

# %% [markdown]
# ## In a uniform electric field
#
# A field along the apical dendrite moves the soma one way and the tuft the other. What a point
# neuron must be given to feel the same is the equivalent current, for this cell and for the ball
# and stick of the mean-field studies: it depends on the shape, which must be stated.

# %%
field = ElectricField(morphology=cell, membrane_resistance=1.5, direction=(0, 1, 0))
stick = ElectricField(morphology=ball_and_stick(dendrite_length=1200))
figure = Figure(figsize=(9, 4), layout="constrained")
left, right = figure.subplots(1, 2)
field.plot(ax=left)
for label, shape in (("pyramidal cell", field), ("ball and stick, 1200 um", stick)):
    gain = [shape.current("1 V/m", frequency=f) for f in frequencies]
    right.semilogx(frequencies, gain, label=label)
right.set_xlabel("frequency (Hz)")
right.set_ylabel("equivalent current (pA per V/m)")
right.legend()
figure

# %% [markdown]
# ## Its synapses, seen from the soma
#
# Excitation and inhibition over the whole tree: mean, standard deviation and time constant of the
# somatic potential by shot-noise theory through the exact impedances, and the point membrane that
# has the same four numbers.

# %%
weights = spread(cell)
inputs = [
    SpreadInput(SynapticInput(6.0, 0.5, 5.0, 0.0), weights),
    SpreadInput(SynapticInput(4.0, 1.5, 5.0, -80.0), weights),
]
somatic = dendritic_statistics(neuron, inputs)
print(
    f"mean {somatic.mean:.2f} mV, SD {somatic.sd:.2f} mV, "
    f"autocorrelation time {somatic.autocorrelation_time:.2f} ms, "
    f"input conductance {somatic.conductance:.1f} nS"
)
point = point_equivalent(somatic)
same = membrane_statistics(point.inputs, point.g_L, point.C_m, point.E_L)
print(f"as a point: mean {float(same.mean):.2f} mV, SD {float(same.sd):.2f} mV")

# %% [markdown]
# ## A spiking cell, and its transfer function
#
# Four compartments keep what the soma sees (their error is known), with the spikes of the
# published regular-spiking cell. From there on it is a cell like any other: rates over a grid of
# inputs, and the transfer function fitted to them.

# %%
small = reduced(neuron, borders=[0.2, 0.6])
print(
    f"{len(small.leaks)} compartments; input impedance within {100 * small.error:.1f} % to 100 Hz"
)
pyramid = small.cell(find_cell("RS"), name="pyramid")
settings = GridSettings(excitation=8, inhibition=6, duration=2000.0, trials=3)
fit = fit_transfer_function(pyramid, rate_grid(pyramid, "CONFIG1", settings=settings), "pyramid")
print(fit)

# %% [markdown]
# ## The population in the field
#
# The mean field of these cells with fast-spiking inhibition. A field that moves the soma of every
# pyramidal cell by so many mV acts as a shift of its resting potential `E_L_e`; to first order the
# rates follow with the exact frequency response of the population.

# %%
functions = {"e": fit.function, "i": "FS-zerlaut2018-refit"}
circuit = Circuit("pyramidal", NETWORKS["CONFIG1"], functions)
population = master_equation(circuit).with_parameters(drive=2.0)
rest = population.equilibrium()
print(rest)

slow = np.linspace(1.0, 100.0, 100)
per_mV = frequency_response(population, "E_L_e", slow)
moved = abs(field.polarisation(slow))
figure = Figure(figsize=(5, 4), layout="constrained")
ax = figure.subplots()
for label, name in (("excitatory", "nu_e"), ("inhibitory", "nu_i")):
    ax.plot(slow, moved * abs(per_mV[name].values), label=label)
ax.set_xlabel("frequency of the field (Hz)")
ax.set_ylabel("modulation of the rate (Hz per V/m)")
ax.legend()
figure

# %% [markdown]
# The field moves the rates by hundredths of a Hz per V/m, less the faster it changes: weak fields
# act where the population amplifies them, near a bifurcation or by entraining a rhythm.
