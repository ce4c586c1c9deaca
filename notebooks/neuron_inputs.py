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
# # Noise, sinusoids and balanced input to a leaky integrate-and-fire neuron
#
# ## White noise, and a trap
#
# Many examples draw a random current anew at every step. The effect of such noise vanishes with the
# step: the same neuron fires a hundred times less when the step is five times smaller.

# %%
import warnings

import numpy as np

from dynsys.drawing import new_axes
from dynsys.models import lif_neuron
from dynsys.neurons import CurrentPerStep, PoissonKicks, WhiteNoise
from dynsys.neurons.theory import high_conductance_state, lif_density, siegert_rate

neuron = lif_neuron(I=30.0)
sigma = CurrentPerStep(100.0).equivalent(neuron.field, dt=0.125).sigma
print(f"100 pA per step of 0.125 ms is {sigma:.3f} mV/sqrt(ms)")
for dt in (0.125, 0.025):
    for noise in (CurrentPerStep(100.0), WhiteNoise(sigma)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = neuron.simulate(2000, dt=dt, neurons=200, noise=noise, start=[-55.0], record=0)
        rate = len(run.spike_time) / 200 / 2
        print(f"dt = {dt:5.3f} ms, {type(noise).__name__:15s} {rate:5.2f} Hz")

# %% [markdown]
# White noise in mV/sqrt(ms) is the same at any step, and its rate is known without simulation
# (Siegert). What is left between theory and simulation is that steps look for the threshold only
# at their ends: the theory with this correction meets the simulation.

# %%
print(f"theory {siegert_rate(neuron, sigma):.2f} Hz")
print(f"theory for steps of 0.125 ms {siegert_rate(neuron, sigma, dt=0.125):.2f} Hz")

# %%
run = neuron.simulate(
    4000, dt=0.025, neurons=100, noise=WhiteNoise(sigma), start=[-55.0], record=100, stride=40
)
grid = np.linspace(-66, -50, 300)
ax = new_axes((6, 3.4))
values = run.V.values[:, 10:].ravel()
ax.hist(values, bins=80, range=(-66, -50), density=True, color="#8fb3d9")
ax.plot(grid, lif_density(neuron, sigma, grid), color="#222222")
ax.set(xlabel="V (mV); at the reset: refractory neurons", ylabel="density (1/mV)", ylim=(0, 0.25))
ax.figure

# %% [markdown]
# ## A slow sinusoid
#
# One packet of ten spikes per cycle and neuron. The voltage of a linear membrane has the amplitude
# $R A / \sqrt{1 + (2 \pi f \tau)^2}$: firing needs more than 40.3 pA at 1 Hz.

# %%
waves = [lambda t, i=i: 50 * np.sin(2e-3 * np.pi * t + i * 3 * np.pi / 4) for i in (1, 2)]
run = lif_neuron().simulate(2000, dt=0.125, neurons=2, current=waves, record=2)
print(f"least amplitude {20 / 0.5 * np.sqrt(1 + (2 * np.pi * 1e-3 * 20) ** 2):.1f} pA")
ax = new_axes((7, 3))
for i, color in enumerate(("#b2382f", "#2f5d9b")):
    ax.plot(run.time, run.V[i], color=color, lw=0.8, label=f"neuron {i + 1}")
ax.set(xlabel="time (ms)", ylabel="V (mV)")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# ## Balanced Poisson input
#
# A thousand excitatory and a thousand inhibitory sources cancel on average; spikes come from the
# fluctuations. The conductance is 16.6 times the leak, so that the membrane is 16.6 times faster.
# The theory of shot noise gives the moments of V.

# %%
excitation, inhibition = (
    PoissonKicks(rate=1.2, size=1.0, sources=1000),
    PoissonKicks(3.0, 4.0, 1000),
)
balanced = lif_neuron(conductances=True)
theory = high_conductance_state(balanced, excitation, inhibition)
print(theory)
kicks = {"ge": excitation, "gi": inhibition}
options = {"dt": 0.05, "neurons": 50, "kicks": kicks, "start": [-58.0, 7.2, 24.0]}
free = balanced.simulate(1000, threshold=False, record=50, stride=20, **options)
print(f"simulated without spikes: {float(free.V.mean()):.2f} +- {float(free.V.std()):.2f} mV")

# %%
run = balanced.simulate(2000, record=1, **options)
print(f"{len(run.spike_time) / 50 / 2:.1f} Hz")
ax = new_axes((7, 2.6))
ax.plot(run.time, run.V[0], color="#222222", lw=0.5)
ax.set(xlabel="time (ms)", ylabel="V (mV)", xlim=(0, 1000))
ax.figure
