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
# # Cakan & Obermayer 2020, figure 2: the states of the mean field and of the network
#
# Which states two coupled populations of AdEx neurons have, over the mean inputs to the excitatory
# and the inhibitory one: **a** the mean field without adaptation, **b** the network, **c** and
# **d** the same with adaptation, **e** and **f** what happens in time at the points A2 and B3. The
# publication simulated 251 x 251 points for each map of the mean field and 91 x 91 networks, eight
# weeks of one core, for each map of the network. Inputs are in mV/ms; 1 mV/ms is 0.2 nA here.

# %%
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from continuation import bifurcation_diagram
from dynsys import simulate
from dynsys.models import aln
from stimulation import bistability_detector
from validation import network_of
from validation.measures.rates import LEAST_POWER, LEAST_STEP, bistability, oscillation, smoothed

plain = aln()
adapting = aln().with_parameters(a=15, b=40)  # nS, pA

# %% [markdown]
# ## a: without adaptation
#
# Every boundary is followed, none is scanned. The cusp CP1 is where the two folds meet, and the
# wedge above it has a down and an up state. The Hopf curves close around the fast
# excitation-inhibition rhythm LC_EI. In a sliver beside the cusp the rhythm and the up state
# coexist.

# %%
without = bifurcation_diagram(plain, x=("mu_e", 0, 3), y=("mu_i", 0, 3))
print(without)
without.plot()

# %% [markdown]
# ## c: with adaptation
#
# The adaptation current turns most of the wedge into a slow rhythm LC_aE: the up state, while it
# lasts, builds up the current that ends it.

# %%
slow = bifurcation_diagram(adapting, x=("mu_e", 1, 5), y=("mu_i", 0, 4))
print(slow)
slow.plot()

# %% [markdown]
# ## b and d: networks of neurons
#
# A network of 1000 excitatory and 1000 inhibitory neurons at 13 x 13 points, with the published
# test: a current that pushes it down and then up again and leaves it alone in between. It is
# *bistable* where the rate is 10 Hz higher after the push up, and *oscillates* where the spectrum
# of the rate after the push down has a peak. Networks are noisier the smaller they are: the
# published bound for such a peak, 1 Hz^2, is taken four times as high here.


# %%
def network_map(diagram, cells=13, neurons=1000):
    """0 neither, 1 oscillates, 2 bistable (cells, cells), and the rates after the push down."""
    network = network_of(diagram.model, neurons=neurons)
    test = bistability_detector("1 mV/ms", start=0, duration=6000)
    (x, *across), (y, *upward) = diagram.x, diagram.y
    kinds, rates = np.zeros((cells, cells)), np.zeros((cells, cells))
    for j, v in enumerate(np.linspace(*upward, cells)):
        for k, h in enumerate(np.linspace(*across, cells)):
            run = network.run(6000, seed=100 * j + k, inputs={"mu_e": test}, **{x: h, y: v})
            _, power = oscillation(run, after=2000, before=3000)
            rhythm, two = power > 4 * LEAST_POWER, bistability(run).value >= LEAST_STEP
            kinds[j, k] = 2 if two and not rhythm else int(rhythm)
            rates[j, k] = float(run["r_E"].sel(time=slice(2000, 3000)).mean())
    return kinds, rates


def draw_network_map(diagram, kinds, rates):
    h, v = (np.linspace(*axis[1:], len(kinds)) for axis in (diagram.x, diagram.y))
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.pcolormesh(h, v, kinds, cmap=ListedColormap(["#f2f2f2", "#efd3d0", "#c9d8b6"]), vmax=2)
    left.set_title("network: oscillates (red), bistable (green)")
    shown = right.pcolormesh(h, v, rates, cmap="viridis")
    right.set_title("network: rate after the push down (Hz)")
    figure.colorbar(shown, ax=right)
    for ax in (left, right):
        diagram.plot(ax=ax, regions=False, legend=False)
    return figure


draw_network_map(without, *network_map(without))

# %% [markdown]
# The curves are the mean field's. The network agrees with them because it is wired as the text of
# the publication says; `why_the_network_differs` tells what the published code does.

# %%
draw_network_map(slow, *network_map(slow))

# %% [markdown]
# The slow rhythm and the edge of the fast one lie where the mean field has them. In one second the
# published test sees hardly three periods of the slow rhythm; and along the lower edge, at high
# rates, it takes the noise of so small a network for a rhythm.
#
# ## e and f: in time
#
# The mean field (lines) and a network of 2 x 10 000 neurons (thin, smoothed over 2 ms) at A2 and
# B3.

# %%
POINTS = (
    ("A2", plain.with_parameters(mu_e=1.3, mu_i=0.5), 500.0),
    ("B3", adapting.with_parameters(mu_e=4.0, mu_i=1.8), 2000.0),
)
figure = Figure(figsize=(11, 5), layout="constrained")
axes = figure.subplots(2, 2, sharex="row", sharey="row")
for (name, model, duration), row in zip(POINTS, axes, strict=True):
    field = simulate(model, duration, settle=3000, sample=0.5)
    network = network_of(model, neurons=10_000).run(duration, seed=1, settle=1000)
    low, high = float(field["r_E"].min()), float(field["r_E"].max())
    print(f"{name}: mean field {low:.2f} to {high:.1f} Hz; network: mean {network.mean_rate('E')}")
    for label, color in (("r_E", "#b2182b"), ("r_I", "#2166ac")):
        row[0].plot(field["time"], field[label], color=color, label=label)
        row[1].plot(network["time"], smoothed(network[label].values, 0.1), color=color, lw=0.8)
    row[0].set(ylabel="rate (Hz)", title=f"{name}, mean field", xlim=(0, duration))
    row[1].set_title(f"{name}, network")
axes[0, 0].legend(frameon=False, loc="upper right")
for ax in axes[1]:
    ax.set_xlabel("time (ms)")
figure

# %% [markdown]
# Published for A2: 2.54 to 39.1 Hz at 22.3 Hz, with a step of 0.1 ms that is part of the published
# model; in continuous time 2.65 to 37.0 Hz at 22.57 Hz. For B3 0.06 to 33.2 Hz at 2.73 Hz.
# At A2 the network swings twice as far, and a little faster: see `why_the_network_differs`.
