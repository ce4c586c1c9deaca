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
# # From XPPAUT
#
# Morris-Lecar, the first example of every course with XPPAUT: from the .ode file to the one- and
# two-parameter diagrams that one would make by hand in its AUTO window, and back to a file that
# XPPAUT runs.

# %%
from pathlib import Path
from tempfile import mkdtemp

from continuation import (
    cycle_fold_curve,
    equilibria,
    hopf_curve,
    limit_cycles,
    settings_of_ode,
)
from dynsys import read_ode, simulate
from dynsys.simulation.drawing import draw_run

folder = Path(mkdtemp())
path = folder / "morris_lecar.ode"
path.write_text("""
# Morris-Lecar, in the regime of a Hopf bifurcation
par I=0, gca=4.4, gk=8, gl=2, vca=120, vk=-84, vl=-60, c=20
par v1=-1.2, v2=18, v3=2, v4=30, phi=0.04
minf(v)=.5*(1+tanh((v-v1)/v2))
winf(v)=.5*(1+tanh((v-v3)/v4))
lam(v)=cosh((v-v3)/(2*v4))
v'=(I-gl*(v-vl)-gk*w*(v-vk)-gca*minf(v)*(v-vca))/c
w'=phi*lam(v)*(winf(v)-w)
init v=-60, w=0.015
aux ica=gca*minf(v)*(v-vca)
@ total=600, dt=0.1, meth=runge-kutta, xlo=0, xhi=600, ylo=-75, yhi=60
@ parmin=0, parmax=250, dsmax=2, ntst=50, nmax=500
done
""")
model = read_ode(path, time_unit="ms")
print(model.describe())

# %% [markdown]
# *Initialconds, Go* with a current of 100. Parameters keep their names; a model is never changed,
# `with_parameters` gives another one.

# %%
draw_run(simulate(model.with_parameters(I=100.0), record=["v"]))

# %% [markdown]
# ## Steady states
#
# *File, Auto; Run, Steady state*, and *Grab* through the special points. `settings_of_ode` takes
# over what the file says to AUTO. HB is H here; both names are understood.

# %%
auto = settings_of_ode(path)
branch = equilibria(model, "I", auto.span, settings=auto.equilibria)
print(branch)

# %% [markdown]
# ## Periodic orbits
#
# *Grab* the Hopf point, *Run, Periodic*. The rhythm is born subcritically: an unstable cycle turns
# around at a fold of cycles (LPC), and there the rhythm begins, large at once. In XPPAUT's colors:
# stable equilibria red, unstable black, stable cycles green, unstable blue.

# %%
cycles = limit_cycles(branch["HB1"], "I", auto.span, settings=auto.cycles)
print(cycles)
axes = branch.plot("v", style="xppaut")
cycles.plot("v", ax=axes, style="xppaut", legend=True)

# %% [markdown]
# Between the fold of cycles and the Hopf point rest and rhythm coexist: 88.3 to 93.9. *Axes,
# Frequency* is one call; so is the orbit at a value, with its multipliers.

# %%
cycle = cycles.at(I=100.0)
print(cycle)
frequency = cycles.data["frequency"]
print(f"{float(frequency.min()):.2f} to {float(frequency.max()):.2f} Hz")

# %% [markdown]
# ## Two parameters
#
# *Grab* each special point, *Two param*: Hopf points and folds of cycles over I and phi. Both
# directions are followed at once. (`bifurcation_diagram(model, x=..., y=...)` finds all of them by
# itself and names what is stable between them.)

# %%
plane = ("I", "phi")
spans = {"I": (0, 250), "phi": (0.03, 0.4)}
curves = [hopf_curve(branch[name], plane, spans) for name in ("HB1", "HB2")]
curves += [cycle_fold_curve(cycles[name], plane, spans) for name in ("LPC1", "LPC2")]
axes = None
for curve in curves:
    print(curve)
    axes = curve.plot(ax=axes, legend=True)
axes

# %% [markdown]
# ## And back
#
# A file that XPPAUT runs unchanged, of this model or of any other of the library, delays and
# tables included.

# %%
print(model.to_xppaut(folder / "again.ode")[0].read_text()[:900])
