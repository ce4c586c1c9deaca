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
# # A ring of mean fields: waves of cortical activity, and graphs of any model
#
# The large-scale model of Zerlaut, Chemla, Chavane & Destexhe (2018): excitatory and inhibitory
# populations at every place of a ring of 36 mm, Gaussian lateral connections and a conduction
# velocity of 300 mm/s. A visual stimulus drives a part of it; voltage-sensitive dyes see the mean
# potential of the cells, `dV_N`.

# %%
# %matplotlib inline
import networkx as nx
import numpy as np
from matplotlib.figure import Figure

from continuation import dispersion, equilibria
from dynsys import couple, simulate_nodes
from dynsys.models import Blob, apparent_motion, ring, wilson_cowan
from dynsys.simulation import onset_latency, plot_space_time

# %% [markdown]
# ## The published arrays
#
# `discretisation="published"` does what the published programs do, forward Euler and truncated
# neighbourhoods included; its arrays have the published maxima.

# %%
published = ring("zerlaut2018", discretisation="published", l_exc=1.0).simulate(Blob(width=4.0))
for name, stored in (("nu_e", 108.75190730), ("nu_i", 124.08619621), ("dV_N", 0.14573273)):
    values = published[name]
    when = float(values.max("x").idxmax("time"))
    print(f"{name}: {float(values.max()):.8f} at {when} ms (published: {stored:.8f})")

# %% [markdown]
# ## The response spreads
#
# The default ring is periodic, its weights add up to 1 and delays are distance over velocity. The
# stimulus is narrow; inhibition and the dye follow the excitation that lateral connections carry.

# %%
model = ring("zerlaut2018")
run = model.simulate(Blob(width=1.5))
figure = Figure(figsize=(10, 6), layout="constrained")
for ax, name in zip(
    figure.subplots(2, 2).ravel(), ("afferent", "nu_e", "nu_i", "dV_N"), strict=True
):
    plot_space_time(run, name, ax)
figure

# %% [markdown]
# The farther away, the later the dye rises: at the conduction velocity, far from the stimulus.

# %%
figure = Figure(figsize=(6, 3.5), layout="constrained")
ax = figure.subplots()
for speed, color in ((150.0, "#b2382f"), (300.0, "#2f5d9b"), (600.0, "#5b8c5a")):
    latency = onset_latency(model.with_parameters(v_c=speed).simulate(Blob(rise=20.0)))
    ax.plot(latency["x"], latency, "o-", ms=3, color=color, label=f"{speed:g} mm/s")
ax.set_xlabel("x (mm)")
ax.set_ylabel("onset latency (ms)")
ax.legend(frameon=False)
figure

# %% [markdown]
# Two stimuli, 8.1 mm and 50 ms apart, look like one that moves: inhibition and the dye fill the
# gap between them.

# %%
figure = Figure(figsize=(10, 3.2), layout="constrained")
moving = model.simulate(apparent_motion(8.1, 50.0))
for ax, name in zip(figure.subplots(1, 2), ("nu_e", "dV_N"), strict=True):
    plot_space_time(moving, name, ax)
figure

# %% [markdown]
# ## Is the homogeneous state stable?
#
# Perturbations of different wave numbers do not mix, so each has a small characteristic equation
# with exact delays. All decay: this ring relays activity and makes none of its own.

# %%
relation = dispersion(model)
print(relation)
relation.plot().figure

# %% [markdown]
# ## Any model on any graph
#
# `couple` puts a model on the nodes of a networkx graph. Two Wilson-Cowan nodes that excite each
# other with a delay are a model like any other: its equilibria and Hopf points follow.

# %%
pair = couple(
    wilson_cowan(), nx.Graph([("left", "right")]), source="E", target="P",
    weight="K", delay="tau", parameters={"K": 0.5, "tau": 2.0},
)  # fmt: skip
branch = equilibria(pair, parameter="P", span=(-3, -1))
print(branch)
branch.plot().figure

# %% [markdown]
# A hundred nodes with a delay of its own on every edge are simulated without writing their
# equations out.

# %%
rng = np.random.default_rng(1)
graph = nx.connected_watts_strogatz_graph(100, 8, 0.1, seed=2)
for _, _, edge in graph.edges(data=True):
    edge.update(weight=rng.uniform(0.02, 0.08), delay=rng.uniform(0.5, 4.0))
network = couple(wilson_cowan(), graph, source="E", target="P").with_parameters(P=-1.6)
start = {"E": rng.uniform(0, 0.3, 100), "I": rng.uniform(0, 0.3, 100)}
waves = simulate_nodes(network, 60, initial=start, sample=0.1)
plot_space_time(waves, "E").figure
