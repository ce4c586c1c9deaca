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
# # Up and down states of an adapting network
#
# The mean field of di Volo et al. (2019): excitatory cells with an adaptation current, inhibitory
# cells without, conductance synapses. Without much external drive the network is silent (down) or
# asynchronous (up); adaptation makes it alternate. Where it does so follows from continuation.

# %%
from matplotlib.figure import Figure

from continuation import equilibria, fold_curve, hopf_curve, limit_cycles
from dynsys import simulate
from dynsys.models import master_equation

updown = master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0, b=60)
branch = equilibria(updown, parameter="drive", span=(0.05, 1.0))
print(branch)

# %% [markdown]
# The asynchronous state loses its stability at a supercritical Hopf point. The rhythm that is born
# there grows out of it: its amplitude rises with the square root of the distance.

# %%
upper = branch.points("H")[-1]
cycles = limit_cycles(upper, parameter="drive", span=(0.47, 0.6))
print(cycles)

# %%
figure = Figure(figsize=(8, 4), layout="constrained")
axes = figure.subplots()
branch.plot("nu_e", ax=axes)
cycles.plot("nu_e", ax=axes)
axes.set_xlim(0.4, 0.7)
axes.set_ylim(-0.2, 8)
figure

# %% [markdown]
# ## The diagram in drive and adaptation
#
# The silent state ends at a fold (blue; a Hopf point just before it, from a Bogdanov-Takens point
# on), the asynchronous one at the Hopf curve on the right (red). Between the two there is neither,
# and the network oscillates. Below the second fold there is no asynchronous state at all.

# %%
spans = {"drive": (0.0, 0.7), "b": (0.0, 120.0)}
figure = Figure(figsize=(8, 5), layout="constrained")
axes = figure.subplots()
for point in [*branch.points("LP"), *branch.points("H")]:
    follow = fold_curve if point.label == "LP" else hopf_curve
    curve = follow(point, ("drive", "b"), spans)
    print(curve)
    colour = "#1f4e79" if point.label == "LP" else "#c8553d"
    axes.plot(curve.data["drive"], curve.data["b"], color=colour)
    for special in curve.special_points:
        axes.plot(special.parameters["drive"], special.parameters["b"], "ko", ms=4)
        axes.annotate(special.label, (special.parameters["drive"], special.parameters["b"]))
axes.set_xlabel("drive (Hz)")
axes.set_ylabel("b (pA)")
for drive, words in ((0.2, "silent"), (0.53, "in turn"), (0.7, "asynchronous")):
    axes.text(drive, 100, words, ha="center")
axes.set_xlim(0, 0.8)
figure

# %% [markdown]
# At a resting potential 2 mV lower, the Hopf curve closes into a bubble: beyond 47 pA of adaptation
# no drive makes the network oscillate.

# %%
lower = updown.with_parameters(E_L_e=-65, b=40)
bubble = hopf_curve(
    equilibria(lower, "drive", (0.05, 1.0)).points("H")[-1], ("drive", "b"),
    {"drive": (0.0, 1.0), "b": (0.0, 120.0)},
)  # fmt: skip
print(bubble)
print(f"largest b of the bubble: {float(bubble.data['b'].max()):.2f} pA")

# %% [markdown]
# ## Bursts
#
# Far from the Hopf point the rhythm is one of up states, which adaptation ends, and down states,
# from which the network recovers; in an up state the rates of both populations ring.

# %%
figure = Figure(figsize=(8, 6), layout="constrained")
panels = figure.subplots(3, 2, sharex=True)
for row, drive in zip(panels, (0.59, 0.53, 0.46), strict=True):
    run = simulate(updown.with_parameters(drive=drive), 1500.0, settle=3000.0, sample=0.5)
    row[0].plot(run["time"], run["nu_e"], color="#b2182b")
    row[0].plot(run["time"], run["nu_i"], color="#2166ac", lw=0.8)
    row[1].plot(run["time"], run["W"], color="0.3")
    row[0].set_ylabel(f"{drive} Hz")
panels[0, 0].set_title("rates (Hz)")
panels[0, 1].set_title("adaptation current (pA)")
for ax in panels[-1]:
    ax.set_xlabel("time (ms)")
figure
