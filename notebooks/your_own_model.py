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
# # Your own model: the QIF mean field with synaptic delay, from equations to a published figure
#
# Quadratic integrate-and-fire neurons, all coupled to all, whose spikes arrive after a delay D. For
# infinitely many of them with Lorentzian inputs the rate r and the mean potential v obey two exact
# equations (Montbrió, Pazó & Roxin 2015; with delay Pazó & Montbrió 2016):
#
# $$\dot r = \Delta / \pi + 2 r v, \qquad \dot v = v^2 + \eta + J\, r(t - D) - (\pi r)^2 .$$
#
# Where is the asynchronous state stable, over the coupling J and the delay D? Devalle, Montbrió &
# Pazó (2018, Phys Rev E 98:042214) answered with a diagram of its boundaries. Time is in units of
# the membrane's time constant.

# %%
import numpy as np
from matplotlib.figure import Figure

from continuation import equilibria, hopf_curve, limit_cycles
from dynsys import State, VectorField, simulate
from dynsys.models import montbrio_pazo_roxin
from validation import network_of

# %% [markdown]
# ## The equations, as text
#
# The delay is written where it is. Nothing else is asked for: no Jacobian, no history function.

# %%
model = VectorField(
    "qif_with_delay",
    states={"r": State(0.3, (0.0, 2.0)), "v": State(-0.05, (-3.0, 3.0))},
    parameters={"eta": 1.0, "Delta": 0.1, "J": -2.0, "D": 3.0},
    equations={
        "r": "Delta/pi + 2*r*v",
        "v": "v**2 + eta + J*delay(r, D) - (pi*r)**2",
    },
    time_unit="",
    source="Pazó & Montbrió 2016, Phys Rev Lett 116:238101",
)
print(model.describe())

# %% [markdown]
# Is it written right? The library has this model too, in ms and kHz: one step of checking that is
# worth the line it takes.

# %%
library = montbrio_pazo_roxin(kinetics=False).with_parameters(
    tau=1.0, eta=1.0, Delta=0.1, J=-2.0, D=3.0
)
ours = simulate(model, 30.0, initial=[0.1, 0.0], sample=0.1)["r"].values
theirs = simulate(library, 30.0, initial=[0.1, 0.0], sample=0.1)["rate"].values / 1000  # Hz to kHz
print(f"largest difference {np.abs(ours - theirs).max():.1e}")

# %% [markdown]
# ## One parameter
#
# The equations have a second equilibrium, with a negative rate, that no population has: the search
# starts at one with a positive rate and follows what is connected with it.

# %%
branch = equilibria(model, "J", (-6.0, 4.0), start=[0.3, -0.05])
print(branch)
branch.plot("r", legend=True)

# %% [markdown]
# Inhibition that comes late synchronizes (below the first Hopf point), and so does strong
# excitation (above the second). The rhythm of the inhibitory side grows continuously:

# %%
rhythm = limit_cycles(branch["H1"], "J", (-6.0, -2.0))
print(rhythm)
axes = branch.plot("r")
rhythm.plot("r", ax=axes, legend=True)
axes.set_xlim(-6, 0)
axes

# %% [markdown]
# ## Two parameters: the published figure
#
# Every Hopf point on lines of constant D is followed in (D, J), each curve once.

# %%
spans = {"D": (0.3, 6.0), "J": (-6.0, 4.0)}
curves = []
for delay in (0.6, 1.5, 3.0, 4.5, 5.5):
    line = equilibria(model.with_parameters(D=delay), "J", spans["J"], start=[0.3, -0.05])
    for point in line.points("H"):
        place = np.array([delay, point.parameters["J"]])
        known = [np.stack([c.data["D"], c.data["J"]], axis=1) for c in curves]
        if all(np.abs(k - place).max(axis=1).min() > 0.02 for k in known):
            curves.append(hopf_curve(point, ("D", "J"), spans))
print(
    f"{len(curves)} curves,", sum(len(c.points("HH")) for c in curves), "double Hopf points on them"
)

# %% [markdown]
# The boundaries have a closed form, which is how the publication drew them. With $v = -\Delta/2\pi
# r$ the rate r parametrizes everything: $J = (\pi^2 r^2 - \eta - v^2) / r$, and an eigenvalue
# $i\Omega$ asks for
#
# $$(i \Omega - 2 v)^2 + 4 \pi^2 r^2 = 2 r J e^{-i \Omega D},$$
#
# whose modulus gives $\Omega$ and whose argument gives D.


# %%
def closed_form(eta=1.0, delta=0.1, rates=None):
    """Points (D, J) of the boundaries."""
    found = []
    for r in np.linspace(0.1, 0.7, 300) if rates is None else rates:
        v = -delta / (2 * np.pi * r)
        coupling = (np.pi**2 * r**2 - eta - v**2) / r
        p = 4 * v**2 + 4 * np.pi**2 * r**2
        for w in np.roots([1, 16 * v**2 - 2 * p, p**2 - 4 * r**2 * coupling**2]):
            if abs(w.imag) > 1e-12 or w.real <= 0:
                continue
            omega = np.sqrt(w.real)
            turn = ((1j * omega - 2 * v) ** 2 + 4 * np.pi**2 * r**2) / (2 * r * coupling)
            found += [((2 * np.pi * k - np.angle(turn)) / omega, coupling) for k in range(9)]
    return np.array(found)


exact = closed_form()
inside = (exact[:, 0] > 0.3) & (exact[:, 0] < 6) & (exact[:, 1] > -6) & (exact[:, 1] < 4)
figure = Figure(figsize=(8, 5.5), layout="constrained")
ax = figure.subplots()
for k, curve in enumerate(curves):
    ax.plot(
        curve.data["D"], curve.data["J"], color="#c8553d", lw=2.5, label=None if k else "followed"
    )
ax.plot(*exact[inside].T, ".", ms=1.2, color="#222222", label="closed form")
ax.axhline(0, color="0.7", lw=0.8, zorder=0)
for x, y, word in (
    (2.9, 0.3, "asynchronous"),
    (0.75, 3.3, "synchronous"),
    (2.0, -4.5, "synchronous"),
):
    ax.text(x, y, word, fontsize=11)
ax.set(xlabel="delay D", ylabel="coupling J", xlim=spans["D"], ylim=spans["J"])
ax.legend(loc="lower right")
figure

# %%
ours = np.concatenate([np.stack([c.data["D"], c.data["J"]], axis=1) for c in curves])


def residual(delay, coupling):
    """How far a point is from its nearest solution of the closed form, solved at its own J."""
    r = (coupling + np.sqrt(coupling**2 + 4 * np.pi**2)) / (2 * np.pi**2)
    for _ in range(50):
        v = -0.1 / (2 * np.pi * r)
        r = (coupling + np.sqrt(coupling**2 + 4 * np.pi**2 * (1 + v**2))) / (2 * np.pi**2)
    places = closed_form(rates=[r])[:, 0]
    return np.abs(places - delay).min()


print(f"largest distance in D of {len(ours)} points: {max(residual(*p) for p in ours):.1e}")

# %% [markdown]
# ## Do neurons agree?
#
# A network of 10 000 such neurons on both sides of the inhibitory boundary at D = 3, with a
# membrane time constant of 10 ms (so that D is 30 ms).

# %%
figure = Figure(figsize=(11, 2.8), layout="constrained")
for ax, coupling in zip(figure.subplots(1, 2, sharey=True), (-1.5, -3.5), strict=True):
    field = montbrio_pazo_roxin(kinetics=False).with_parameters(
        tau=10.0, eta=1.0, Delta=0.1, J=coupling, D=30.0
    )
    exact_run = simulate(field, 500.0, settle=2000.0, sample=0.05)["rate"]
    run = network_of(field, neurons=10_000).run(duration=500.0, seed=1, settle=2000.0)["rate"]
    smooth = run.rolling(time=20, center=True).mean()
    for rate, look in ((smooth, {"color": "0.6", "lw": 0.8}), (exact_run, {"color": "#b2182b"})):
        peak = float(rate.sel(time=slice(0, 100)).idxmax("time"))  # their phases mean nothing
        word = "mean field" if rate is exact_run else "network, 1 ms"
        ax.plot(rate["time"] - peak, rate, label=word, **look)
    ax.set(title=f"J = {coupling}, D = 3", xlabel="time (ms)", xlim=(0, 390))
figure.axes[0].set_ylabel("rate (Hz)")
figure.axes[0].legend(frameon=False)
figure

# %% [markdown]
# From the equations to the figure it is one `VectorField`, one branch, and one call a curve.
