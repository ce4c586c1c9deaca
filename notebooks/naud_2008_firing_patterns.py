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
# # Firing patterns of the AdEx neuron, explained by its adaptation map
#
# Seven parameter rows of the adaptive exponential neuron (after Naud et al. 2008) and what they do
# at a current step. Each is simulated, and each pattern is read off the map from the adaptation
# after one spike to that after the next.

# %%
from dynsys.drawing import draw_phase_response
from dynsys.models import adex_neuron
from dynsys.models.adex_neuron import PATTERNS
from dynsys.neurons.drawing import draw_map, draw_rate_curve, draw_response

for row in PATTERNS:
    print(f"{row:14s}", adex_neuron(row).firing_pattern())

# %% [markdown]
# Two rows do not do what they are called. "Irregular" is a strictly periodic burster, and
# "transient" goes on firing: the analysis below says where the true ones are.

# %%
draw_response(adex_neuron("bursting"), 65.0)[0].figure

# %% [markdown]
# ## Where rest ends
#
# Rest ends in a saddle-node when $a/g_L < \tau_m/\tau_w$, in an Andronov-Hopf point otherwise; both
# meet in a Bogdanov-Takens point. Continuation finds what the closed forms say.

# %%
transient = adex_neuron("transient")
onset = transient.onset()
print(onset)
print(onset.bogdanov_takens())

# %% [markdown]
# ## True transient firing
#
# A step that takes the state over the stable manifold of the saddle gives spikes; below the fold of
# spiking orbits each response ends in rest. The published current of 65 pA is far above.

# %%
print(transient.transient_window())
draw_response(transient, 55.0)[0].figure

# %% [markdown]
# ## True irregular firing
#
# One millivolt lower reset makes the map chaotic: its Lyapunov exponent is positive.

# %%
irregular = adex_neuron("irregular", Vr=-47.0)
print(irregular.firing_pattern())
draw_map(irregular.adaptation_map()).figure

# %% [markdown]
# ## The rate over the current, followed instead of scanned
#
# Each piece is a branch of spiking orbits with its number of spikes per period; they end at folds
# (a spike is added or lost) and period doublings.

# %%
curve = adex_neuron("bursting").rate_curve(span=(20, 110))
print(curve.attrs["ended"])
draw_rate_curve(curve).figure

# %% [markdown]
# ## When an input comes
#
# Near a saddle-node onset every brief current advances the next spike (type I); near an
# Andronov-Hopf onset early ones delay it (type II).

# %%
ax = None
for row, current, color in (("tonic", 36.5, "#1f4e79"), ("transient", 56.5, "#c8553d")):
    neuron = adex_neuron(row, I=current)
    orbit = neuron.adaptation_map().attractor(neuron.rest(5.0)).orbit
    response = orbit.phase_response("I")
    print(row, orbit, "type", response.type)
    ax = draw_phase_response(response, ax)
    ax.lines[-1].set(label=f"{row} at {current} pA, type {response.type}", color=color)
ax.set_title("")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# ## An atlas
#
# Patterns over the spike-triggered adaptation and the reset; numbers are spikes per burst, points
# lie on borders, computed by bisection on the map.

# %%
from dynsys.neurons.atlas import draw_atlas, pattern_atlas

atlas = pattern_atlas(adex_neuron("bursting"), ("b", 2, 60), ("Vr", -60, -44), resolution=9)
draw_atlas(atlas).figure
