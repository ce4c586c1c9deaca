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
# # Reading a bifurcation diagram
#
# A walk through the diagram of the AdEx mean field (Cakan & Obermayer 2020, figure 2a), for readers
# who have not met one before: what the lines are, what the letters say, and what each of them means
# for a population of neurons that is driven harder and harder.

# %%
import numpy as np
from matplotlib.figure import Figure

from continuation import bifurcation_diagram, equilibria, limit_cycles
from dynsys import simulate
from dynsys.models import aln

model = aln().with_parameters(mu_i=0.5)

# %% [markdown]
# ## States in which nothing changes
#
# At a fixed input the mean field may come to rest: an *equilibrium*, two constant rates. Drive it
# harder and the equilibrium moves; the line of all of them is a *branch*. Solid and wide where the
# equilibrium is stable (a small push dies out), dashed and thin where it is not (a small push
# grows).

# %%
branch = equilibria(model, parameter="mu_e", span=(0.0, 3.0))
print(branch)
branch.plot("r_E", legend=True)

# %% [markdown]
# The letters are *bifurcations*: values at which something changes in kind. At the two points **H**
# (Hopf) a pair of eigenvalues crosses the imaginary axis: a disturbance no longer dies out but
# swings, at the frequency that is printed. `l1 < 0` says *supercritical*: the rhythm begins with
# amplitude zero and grows. It is not a simulation that says so, but a formula.
#
# ## Is it true? Three simulations
#
# Before, between and behind the two points.

# %%
figure = Figure(figsize=(11, 2.8), layout="constrained")
for ax, mu_e in zip(figure.subplots(1, 3, sharey=True), (0.45, 1.2, 1.6), strict=True):
    run = simulate(model.with_parameters(mu_e=mu_e), 600.0, settle=1500.0, sample=0.5)
    ax.plot(run["time"], run["r_E"], color="#b2182b")
    ax.set(title=f"mu_e = {mu_e} mV/ms", xlabel="time (ms)")
figure.axes[0].set_ylabel("r_E (Hz)")
figure

# %% [markdown]
# ## The rhythm itself
#
# Cycles are followed as equilibria are. Of a cycle the diagram draws the highest and the lowest
# rate: the two lines part at one Hopf point and meet at the other. Below them the frequency.

# %%
cycles = limit_cycles(branch["H2"], parameter="mu_e", span=(0.3, 1.6))
figure = Figure(figsize=(6.4, 6.2), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
branch.plot("r_E", ax=above)
cycles.plot("r_E", ax=above, legend=True)
below.plot(cycles.data["mu_e"], cycles.data["frequency"], color="#7a3e9d")
below.set(xlabel="mu_e (mV/ms)", ylabel="frequency (Hz)", xlim=(0.3, 1.6))
figure

# %% [markdown]
# ## A fold: two states at one input
#
# With more inhibition the branch turns back on itself. At **LP** (limit point, fold) a stable and
# an unstable equilibrium meet and vanish. Between the two folds there are three equilibria at the
# same input, two of them stable: *down* and *up*. The third one, dashed, decides which one a
# disturbed population returns to.

# %%
folded = equilibria(model.with_parameters(mu_i=1.7), parameter="mu_e", span=(1.5, 2.6))
print(folded)
folded.plot("r_E", legend=True)

# %% [markdown]
# It follows that history matters. Raised slowly the input carries the rate along the lower branch
# until it ends; lowered again, along the upper one: *hysteresis*.

# %%
ax = folded.plot("r_E")
bistable = aln().with_parameters(mu_i=1.7)
for start, speed, color, word in (
    (1.5, 0.2e-3, "#b2182b", "upwards"), (2.6, -0.2e-3, "#2166ac", "downwards"),
):  # fmt: skip
    run = simulate(
        bistable.with_parameters(mu_e=start), 5500.0, settle=1000.0, sample=5.0,
        inputs={"mu_e": lambda t, v=speed: v * t},  # mV/ms, on top of the start
    )  # fmt: skip
    ramp = start + speed * run["time"]
    ax.plot(ramp, run["r_E"], color=color, lw=1, label=word)
ax.legend(frameon=False)
ax

# %% [markdown]
# ## Two inputs: every boundary is a curve
#
# A fold or a Hopf point moves when a second parameter changes: in the plane it is a curve, and a
# curve is a border between regions in which the population can do different things. Where two
# curves meet stands a point of codimension two: **CP** (cusp: two folds meet, and beyond it one
# state turns into the other without a jump), **BT** (a Hopf curve ends on a fold), **GH** (a
# rhythm that grew from nothing begins with a jump from here on).

# %%
diagram = bifurcation_diagram(aln(), x=("mu_e", 0, 3), y=("mu_i", 0, 3))
print(diagram)
diagram.plot()

# %% [markdown]
# To read it: go through the plane along a line, and at every curve ask what is lost and what is
# won. The graph of the regions says the same in words.

# %%
for a, b, boundary in diagram.regimes.edges(data=True):
    names = [diagram.regimes.nodes[k]["label"] for k in (a, b)]
    print(" | ".join(names), "separated by", ", ".join(boundary["bifurcations"]))

# %% [markdown]
# And at one point: everything the population can settle on, with its rates.

# %%
for item in diagram.attractors(mu_e=2.05, mu_i=1.7):
    print(item["name"], {k: np.round(v, 3) for k, v in item["extrema"].items() if k[:2] == "r_"}
          if "extrema" in item else item["kind"])  # fmt: skip

# %% [markdown]
# `diagram.explore("figure2a.html")` writes a page in which the model runs wherever one clicks.
