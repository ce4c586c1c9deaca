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
# # Why the network differs
#
# Cakan & Obermayer (2020) found a mean field and a network whose diagrams look alike but lie apart:
# rhythms of 22 and 30 Hz, boundaries shifted by half a unit. Four reasons can be told apart, each
# by a computation of its own: the wiring, the time step, the cascade's filter, and the finite
# number of neurons.

# %%
import numpy as np
from matplotlib.figure import Figure

from continuation import asynchronous_state, bifurcation_diagram, equilibria, rate_spectrum
from continuation.cycles.limit_cycles import limit_cycles
from dynsys import simulate
from dynsys.models import aln
from validation import network_of
from validation.measures.rates import dominant_frequency, mean_rate, rate_of, smoothed

# %% [markdown]
# ## 1. The wiring
#
# The text says: every neuron has 800 excitatory inputs, with a delay of 4 ms, and 200 inhibitory
# ones, with 2 ms. In the published network code the two cross connections are exchanged: E to I has
# 200 inputs, I to E 800. Both can be built, as mean fields and as networks.

# %%
POINTS = (
    ({"mu_e": 1.6, "mu_i": 0.3}, 2000.0),
    ({"mu_e": 1.3, "mu_i": 0.5}, 2000.0),
    ({"mu_e": 4.0, "mu_i": 1.8, "a": 15, "b": 40}, 4000.0),
)
print("                              mean rates E, I (Hz)  SD of E (Hz)  rhythm")
for values, duration in POINTS:
    for wiring in ("published", "stated"):
        model = aln(wiring=wiring).with_parameters(**values)
        field = simulate(model, duration, settle=2000.0, sample=0.5)
        network = network_of(model, neurons=4000).run(duration, seed=1, settle=1000.0)
        for word, run in (("mean field", field), ("network", network)):
            rates = [mean_rate(run, k).value for k in "EI"]
            deviation = smoothed(*rate_of(run)).std()
            rhythm = dominant_frequency(run) if deviation > 2 else "none"
            print(f"{values['mu_e']}, {values['mu_i']}  {wiring:10s} {word:11s} "
                  f"{rates[0]:6.2f} {rates[1]:6.2f} {deviation:12.2f}    {rhythm}")  # fmt: skip

# %% [markdown]
# Read it in pairs. With the same wiring on both sides mean field and network agree at every point
# on rest or rhythm. What the publication compared is the mean field *stated* with the network
# *published*: a fixed point with a rhythm of 30 Hz at the first point, a slow rhythm with a silent
# state at the last.
#
# What is left: at the second point the network's rhythm is faster and larger than the mean field's.
#
# ## 2. The time step
#
# The published mean field is the published time stepper: forward Euler with 0.1 ms and delays that
# are one step too long.

# %%
A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)
step = simulate(A2, 3000.0, settle=2000.0, discretisation="published")
branch = equilibria(aln().with_parameters(mu_i=0.5), "mu_e", (0.3, 1.6))
cycle = limit_cycles(branch["H2"], parameter="mu_e", span=(0.3, 1.6)).at(mu_e=1.3)
print(f"published stepper {dominant_frequency(step).value:.2f} Hz")
print(f"continuous time   {cycle.frequency:.2f} Hz")

# %% [markdown]
# One per cent: not the reason.
#
# ## 3. The cascade's filter
#
# The mean field replaces the answer of a population's rate to a change of its input by one
# exponential. The exact answer follows from the Fokker-Planck equation of the neuron; put in its
# place it moves the Hopf points of the asynchronous state.

# %%
print("mu_i    the mean field's            exact, infinitely many neurons")
for mu_i in (0.5, 1.0):
    line = aln().with_parameters(mu_i=mu_i)
    cascade = equilibria(line, "mu_e", (0.2, 2.4)).points("H")
    exact = asynchronous_state.hopf_points(line, "mu_e", (0.2, 2.4))
    for theirs, ours in zip(cascade, exact, strict=False):
        print(f"{mu_i}    {theirs.parameters['mu_e']:.4f} at {theirs.frequency:.2f} Hz"
              f"          {ours.parameters['mu_e']:.4f} at {ours.frequency:.2f} Hz")  # fmt: skip

# %% [markdown]
# The right edge of the rhythm moves outwards, by 0.06 mV/ms at the second point's inhibition, and
# it is faster there. In the whole plane (dotted: exact):

# %%
diagram = bifurcation_diagram(
    aln(), x=("mu_e", 0, 3), y=("mu_i", 0, 3), asynchronous=True, audit=0
)  # fmt: skip
diagram.plot()

# %% [markdown]
# ## 4. A finite number of neurons
#
# Beyond the exact boundary the asynchronous state is stable, and a network of N neurons still
# swings: spikes are noise, and a state that hardly damps a frequency answers to noise at just that
# frequency. Its spectrum can be predicted, without a simulation, and it falls as 1/N.

# %%
place = aln().with_parameters(mu_e=1.6, mu_i=0.5)
print(asynchronous_state(place))
frequencies = np.arange(2.0, 80.0, 1.0)
figure = Figure(figsize=(8, 4), layout="constrained")
ax = figure.subplots()
for neurons, color in ((1000, "#c8553d"), (4000, "#1f4e79")):
    theory = rate_spectrum(place, neurons, frequencies)["r_E"]
    run = network_of(place, neurons=neurons).run(12_000.0, seed=1, settle=500.0)
    rate = run["r_E"].values.astype(float).reshape(-1, 5).mean(axis=1)  # bins of 0.5 ms
    segments = rate[: len(rate) // 2000 * 2000].reshape(-1, 2000)
    segments = (segments - segments.mean()) * np.hanning(2000)
    power = 2 * (np.abs(np.fft.rfft(segments, axis=1)) ** 2).mean(axis=0)
    power /= 2000.0 * np.sum(np.hanning(2000) ** 2)
    ax.semilogy(frequencies, theory, color=color, lw=2, label=f"N = {neurons}: predicted")
    ax.semilogy(np.fft.rfftfreq(2000, 5e-4)[2:80], power[2:80], ".", color=color, ms=4)
ax.set(xlabel="frequency (Hz)", ylabel="spectrum of r_E (Hz$^2$/Hz)")
ax.legend(frameon=False)
figure

# %% [markdown]
# This peak is what the published criterion (a power above 1 Hz^2) counts as an oscillation: the
# red region of the networks' map ends later than the mean field's, the later the fewer neurons.
#
# **So**: first the wiring, then the filter, then the number of neurons; the step hardly.
# `dynsys validate` says which of them explains a boundary that a network has elsewhere.
