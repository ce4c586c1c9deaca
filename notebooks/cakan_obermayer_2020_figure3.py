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
# # Cakan & Obermayer 2020, figure 3: what adaptation does to the diagram
#
# The publication stacked maps of simulations for stronger and stronger adaptation, subthreshold (a,
# in nS) and triggered by spikes (b, in pA). Here each map is its folds and Hopf points, followed as
# curves in the two inputs; and since these points also move continuously with b, all maps together
# are one surface of folds and one of Hopf points.

# %%
import numpy as np
from matplotlib.figure import Figure

from continuation import equilibria, fold_curve, hopf_curve
from dynsys.models import aln

FOLD, HOPF = "#1f4e79", "#c8553d"


def boundaries(model, x, y, spans, lines):
    """Curves of folds and of Hopf points in the plane (x, y), each once; starts on lines of y."""
    size = np.array([spans[x][1] - spans[x][0], spans[y][1] - spans[y][0]])
    found = []
    for value in lines:
        branch = equilibria(model.with_parameters(**{y: value}), x, spans[x])
        for point in [*branch.points("LP"), *branch.points("H")]:
            place = np.array([point.parameters[x], value])
            if all(kind != point.label or distance(curve, place, size) > 0.01
                   for kind, curve in found):  # fmt: skip
                follow = fold_curve if point.label == "LP" else hopf_curve
                curve = follow(point, (x, y), spans)
                found.append((point.label, np.stack([curve.data[x], curve.data[y]], axis=1)))
    return found


def distance(curve, place, size):
    return np.linalg.norm((curve - place) / size, axis=1).min()


# %% [markdown]
# ## Stacked diagrams
#
# Blue: folds, with their cusp; red: Hopf points. The fast rhythm lives inside the Hopf curve at low
# inhibition, and moves to stronger input to the excitatory population: the adaptation current has
# to be overcome. The wedge with two states shrinks and moves upwards; a second Hopf curve grows in
# its place, around the slow rhythm.

# %%
SPANS = {"mu_e": (0, 5), "mu_i": (0, 4)}
LINES = (0.3, 1.0, 1.6, 2.4, 3.2, 3.8)
STACKS = {"a": ("nS", (0, 5, 10, 15)), "b": ("pA", (0, 15, 30, 45))}
figure = Figure(figsize=(12, 6), layout="constrained")
panels = figure.subplots(2, 4, sharex=True, sharey=True)
for row, (name, (unit, values)) in zip(panels, STACKS.items(), strict=True):
    for ax, value in zip(row, values, strict=True):
        model = aln().with_parameters(a=0, b=0).with_parameters(**{name: value})
        for kind, curve in boundaries(model, "mu_e", "mu_i", SPANS, LINES):
            ax.plot(*curve.T, color=FOLD if kind == "LP" else HOPF)
        ax.set_title(f"{name} = {value} {unit}")
    row[0].set_ylabel("mu_i (mV/ms)")
for ax in panels[-1]:
    ax.set(xlabel="mu_e (mV/ms)", xlim=SPANS["mu_e"], ylim=SPANS["mu_i"])
figure

# %% [markdown]
# ## One surface
#
# The same points, followed in (mu_e, mu_i) at fixed b and in (mu_e, b) at fixed mu_i: the threads
# of two surfaces.

# %%
figure = Figure(figsize=(11, 5.5), layout="constrained")
views = figure.subplots(1, 2, subplot_kw={"projection": "3d"})
threads = []
for b in np.linspace(0, 50, 11):
    for kind, curve in boundaries(aln().with_parameters(a=0, b=b), "mu_e", "mu_i", SPANS, LINES):
        threads.append((kind, np.insert(curve, 2, b, axis=1)))
for mu_i in np.linspace(0.0, 4.0, 17):
    spans = {"mu_e": (0, 5), "b": (0, 50)}
    model = aln().with_parameters(a=0, mu_i=mu_i)
    for kind, curve in boundaries(model, "mu_e", "b", spans, (2, 15, 30, 48)):
        threads.append((kind, np.insert(curve, 1, mu_i, axis=1)))
for ax, wanted in zip(views, ("LP", "H"), strict=True):
    for kind, thread in threads:
        if kind == wanted:
            ax.plot(*thread.T, color=FOLD if kind == "LP" else HOPF, lw=0.8, alpha=0.8)
    ax.set(xlabel="mu_e (mV/ms)", ylabel="mu_i (mV/ms)", zlabel="b (pA)", zlim=(0, 50))
    ax.set_title("folds" if wanted == "LP" else "Hopf points")
    ax.view_init(elev=22, azim=-62)
    ax.set_box_aspect(None, zoom=0.85)
figure

# %% [markdown]
# Where along b does the wedge at a given inhibition close? The fold curve in (mu_e, b) has a cusp:
# beyond it one state turns into the other without a jump.

# %%
for mu_i in (1.2, 1.4, 1.6, 1.8, 2.0):
    model = aln().with_parameters(a=0, b=0, mu_i=mu_i)
    folds = equilibria(model, "mu_e", (0, 5)).points("LP")
    curve = fold_curve(folds[0], ("mu_e", "b"), {"mu_e": (0, 8), "b": (0, 120)})
    for cusp in curve.points("CP"):
        print(f"mu_i = {mu_i}: two states up to b = {cusp.parameters['b']:.2f} pA, "
              f"at mu_e = {cusp.parameters['mu_e']:.3f} mV/ms")  # fmt: skip
