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
# # The state space of the AdEx mean field
#
# Cakan & Obermayer (2020, figure 2a) mapped the states of coupled excitatory and inhibitory AdEx
# populations by simulating 251 x 251 pairs of inputs. Here the map follows from its boundaries.

# %%
from continuation import bifurcation_diagram, equilibria, fold_curve, hopf_curve
from dynsys.models import aln

model = aln()
print(model.describe()[:600])

# %% [markdown]
# ## One parameter: from rest through an oscillation to the up state
#
# All equilibria along the excitatory input at $\mu_i = 0.5$ mV/ms. Both Hopf points are
# supercritical: the fast excitation-inhibition cycle appears and disappears smoothly.

# %%
branch = equilibria(model.with_parameters(mu_i=0.5), parameter="mu_e", span=(0.0, 3.0))
print(branch)
branch.plot("r_E").figure

# %% [markdown]
# At stronger inhibition the branch folds: down and up state coexist between the two folds.

# %%
folded = equilibria(model.with_parameters(mu_i=1.7), parameter="mu_e", span=(0.5, 3.0))
print(folded)
folded.plot("r_E").figure

# %% [markdown]
# ## Two parameters: every boundary
#
# A fold or Hopf point, followed in two parameters, is a boundary of the map.

# %%
spans = {"mu_e": (0, 3), "mu_i": (0, 3)}
folds = fold_curve(folded["LP1"], ("mu_e", "mu_i"), spans)
hopfs = hopf_curve(branch["H2"], ("mu_e", "mu_i"), spans)
print(folds)
print(hopfs)

# %% [markdown]
# `bifurcation_diagram` does all of this by itself and names the regions between the curves.

# %%
diagram = bifurcation_diagram(model, x=("mu_e", 0, 3), y=("mu_i", 0, 3))
print(diagram)
diagram.plot().figure

# %%
for a, b, boundary in diagram.regimes.edges(data=True):
    names = [diagram.regimes.nodes[k]["label"] for k in (a, b)]
    print(" | ".join(names), "separated by", ", ".join(boundary["bifurcations"]))

# %% [markdown]
# Both folds end in the cusp; between them a stimulus can switch the population from down to up.
