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
# # Carlu et al. 2020: a mean field of Hodgkin-Huxley cells
#
# The master equation asks only for a transfer function: the rate of a cell, given the rates of its
# inputs. Carlu et al. (2020) measured that of Hodgkin-Huxley cells, regular spiking (with a slow
# potassium current) and fast spiking, fitted the semi-analytic formula to it and predicted the
# spontaneous rates of a network and its response to a slow stimulus.

# %%
import numpy as np
from matplotlib.figure import Figure

from continuation import equilibria, fold_curve, user_points
from dynsys import simulate
from dynsys.models import master_equation

mean_field = master_equation("carlu2020-hh", order=2)
first_order = master_equation("carlu2020-hh", order=1)
print(mean_field.describe()[:900])

# %% [markdown]
# ## The spontaneous state
#
# A drive of 4 Hz on each of 400 excitatory synapses a cell. Published: 1.2307 and 7.7312 Hz with
# standard deviations of 0.191 and 0.354 Hz. A network of 10 000 such cells fires at 1.03 and 7.36
# Hz with 0.193 and 0.362 Hz: the mean field is 20 % and 5 % too high, and its fluctuations are
# right.

# %%
rest = mean_field.equilibrium()
print(f"rates {rest['nu_e']:.4f} and {rest['nu_i']:.4f} Hz")
print(f"standard deviations {rest['c_ee'] ** 0.5:.3f} and {rest['c_ii'] ** 0.5:.3f} Hz")

# %% [markdown]
# ## The response to a waveform
#
# 1.5 Hz more on both populations, rising over 100 ms, falling over 150 ms. Published peaks: 2.1171
# Hz at 1005.5 ms and 11.191 Hz at 1003.5 ms.


# %%
def waveform(t):
    width = np.where(t < 1000, 100.0, 150.0)
    return 1.5 * np.exp(-((t - 1000) ** 2) / (2 * width**2))


run = simulate(mean_field, 2000.0, inputs={"afferent": waveform}, initial=rest.state, sample=0.5)
figure = Figure(figsize=(8, 5), layout="constrained")
rates, stimulus = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
for label, color in (("e", "#b2182b"), ("i", "#2166ac")):
    rate, spread = run[f"nu_{label}"], np.sqrt(run[f"c_{label}{label}"])
    print(f"{label}: peak {float(rate.max()):.4f} Hz at {float(rate.idxmax('time')):.1f} ms")
    rates.plot(run["time"], rate, color=color, label=f"nu_{label}")
    rates.fill_between(run["time"], rate - spread, rate + spread, color=color, alpha=0.2)
rates.set_ylabel("rate (Hz)")
rates.legend(frameon=False)
stimulus.plot(run["time"], waveform(run["time"].values), color="0.3")
stimulus.set(xlabel="time (ms)", ylabel="afferent (Hz)")
figure

# %% [markdown]
# ## What the publication did not ask: how far can it be driven?
#
# The asynchronous state does not exist at every drive. A saddle lies above it, and at a fold both
# vanish: beyond it the mean field runs away into a saturated state (at the ceiling of the formula,
# which no cell would reach; where a network goes there is another question). Up to the fold a
# strong enough push does the same.

# %%
start = first_order.equilibrium().state  # other solutions have negative or saturated rates
branch = equilibria(first_order, parameter="drive", span=(0.2, 16.0), start=start)
print(branch)
ax = branch.plot("nu_e", legend=True)
ax.set_yscale("log")
ax

# %%
for drive in (1, 2, 4, 6, 8):
    rates = sorted(point.value("nu_e") for point in user_points(branch, "drive", drive))
    print(f"drive {drive} Hz: " + ", ".join(f"{rate:.4g} Hz" for rate in rates))

# %% [markdown]
# ## Inhibition keeps it
#
# The fold over the drive and the conductance of an inhibitory synapse: left and above of the curve
# the asynchronous state exists.

# %%
curve = fold_curve(branch["LP1"], ("drive", "Q_i"), {"drive": (0.0, 25.0), "Q_i": (1.0, 10.0)})
print(curve)
curve.plot()
