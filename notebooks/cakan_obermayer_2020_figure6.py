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
# # Phase locking
#
# Figure 6 of Cakan & Obermayer (2020): does the phase of the rhythm follow the phase of a stimulus?
# Locked means that the order parameter R(t) = |exp(i phi_r) + exp(i phi_s)| / 2 hardly varies.

# %%
import numpy as np

from dynsys import simulate_ensemble
from dynsys.drawing import new_axes
from dynsys.models import aln
from stimulation import Sine, phase_locking

A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)
frequencies, amplitudes = np.arange(20, 25.01, 0.5), [2, 6, 12, 20]
waves = [Sine(f"{a} pA", frequency=float(f)) for a in amplitudes for f in frequencies]
run = simulate_ensemble(
    A2, 12_000, points={"mu_e": [1.3] * len(waves)}, inputs={"mu_e": waves}, record="r_E",
    sample=1.0, discretisation="published",
)  # fmt: skip
late = run["r_E"].isel(time=slice(4000, None))
time = late["time"].values
locking = [phase_locking(late[k], wave.values(time)) for k, wave in enumerate(waves)]

# %% [markdown]
# Inside the tongue R(t) is constant; outside, the phase difference drifts and its standard
# deviation is near the 0.308 of a uniform drift.

# %%
deviation = np.array([found.deviation for found in locking]).reshape(len(amplitudes), -1)
ax = new_axes()
for a, row in zip(amplitudes, deviation, strict=True):
    ax.plot(frequencies, row, "o-", ms=3, label=f"{a} pA")
ax.axhline(0.308, color="grey", ls=":", lw=0.8)
ax.set(xlabel="stimulation frequency (Hz)", ylabel="standard deviation of R(t)")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# Where the rhythm locks, it chooses a phase that depends on the detuning.

# %%
ax = new_axes()
for a, start in zip(amplitudes, range(0, len(waves), len(frequencies)), strict=True):
    found = locking[start : start + len(frequencies)]
    chosen = [k for k, item in enumerate(found) if item.locked]
    ax.plot(
        frequencies[chosen],
        [(found[k].preferred + 0.5) % 1 - 0.5 for k in chosen],
        "o-",
        ms=3,
        label=f"{a} pA",
    )
ax.set(
    xlabel="stimulation frequency (Hz)",
    ylabel="phase of the stimulus ahead (cycles)",
    ylim=(-0.5, 0.5),
)
ax.legend(frameon=False)
ax.figure
