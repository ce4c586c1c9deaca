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
# # A conductance-based network and its mean field
#
# Zerlaut et al. (2018): 8000 regular-spiking and 2000 fast-spiking AdEx cells, spontaneously active
# and then driven by an afferent waveform; beside them the mean field, whose transfer functions were
# fitted to single cells only.

# %%
import numpy as np
from matplotlib.figure import Figure

from dynsys import simulate
from dynsys.models import master_equation
from validation.measures.conductance import measured
from validation.networks.conductance import network_of_circuit


def waveform(t):
    """A stimulus of 2 Hz per excitatory synapse: rise 60 ms, decay 100 ms, peak at 800 ms."""
    width = np.where(t < 800, 60.0, 100.0)
    return 2 * np.exp(-((t - 800) ** 2) / (2 * width**2))


mean_field = master_equation("zerlaut2018", order=2)
rest = mean_field.equilibrium()
print(rest)

# %% [markdown]
# The network, from the same description: connections, cells, drives.

# %%
network = network_of_circuit("zerlaut2018")
run = network.run(1200.0, seed=1, rates={"afferent": waveform}, ramp=20.0)
before = run.sel(time=slice(0, 650), sample=slice(0, 650))
found = measured(before, after=300)
for name in ("nu_e", "nu_i", "mu_V_e", "sigma_V_e", "c_ee", "c_ei", "c_ii"):
    print(f"{name:10} network {found[name]:8.3f}   mean field {rest[name]:8.3f}")

# %% [markdown]
# Between 300 and 650 ms adaptation is still building up in the network, which the mean field's
# coefficients hold at its final strength: the network is a little more active at first.
#
# ## The response

# %%
response = simulate(
    mean_field, 1200.0, inputs={"afferent": waveform}, initial=rest.state, sample=1.0
)
figure = Figure(figsize=(8, 5), layout="constrained")
axes = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
bins = run.coarsen(time=5).mean()
for label, colour in (("e", "#b2182b"), ("i", "#2166ac")):
    axes[0].plot(bins["time"], bins[f"r_{label}"], color=colour, lw=0.8, alpha=0.7)
    rate = response[f"nu_{label}"]
    spread = np.sqrt(response[f"c_{label}{label}"])
    axes[0].plot(response["time"], rate, color=colour, lw=2)
    axes[0].fill_between(response["time"], rate - spread, rate + spread, color=colour, alpha=0.2)
axes[0].set_ylabel("rate (Hz)")
axes[0].set_title("network in bins of 5 ms (thin), mean field with its spread (thick)")
axes[1].plot(response["time"], waveform(response["time"].values), color="0.3")
axes[1].set_ylabel("afferent (Hz)")
axes[1].set_xlabel("time (ms)")
figure
