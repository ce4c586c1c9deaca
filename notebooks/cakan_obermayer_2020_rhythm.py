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
# # The fast rhythm of the AdEx mean field and its phase response
#
# Between its two Hopf points the mean field of Cakan & Obermayer (2020) oscillates: excitation
# drives inhibition, which shuts excitation down. Here the whole family of cycles is followed from
# one of the Hopf points, without simulating it.

# %%
from continuation import equilibria, limit_cycles, phase_response
from dynsys.drawing import draw_phase_response
from dynsys.models import aln

branch = equilibria(aln().with_parameters(mu_i=0.5), parameter="mu_e", span=(0.3, 1.6))
cycles = limit_cycles(branch["H2"], parameter="mu_e", span=(0.3, 1.6))
print(cycles)

# %% [markdown]
# The cycles' extrema over the equilibria: both ends are Hopf points, every cycle is stable.

# %%
cycles.plot("r_E", ax=branch.plot("r_E")).figure

# %% [markdown]
# ## One cycle
#
# At the point A2 of the publication, $\mu_e = 1.3$ mV/ms. The largest multiplier says how fast a
# disturbance decays from one period to the next.

# %%
cycle = cycles.at(mu_e=1.3)
print(cycle)
low, high = cycle.extrema("r_E")
print(f"{cycle.frequency:.2f} Hz, r_E from {low:.2f} to {high:.1f} Hz")
cycle.profile()

# %% [markdown]
# ## How an input moves its phase
#
# A brief input to the excitatory population advances or delays the rhythm, depending on when it
# arrives: positive values advance it. This curve is what entrainment by a weak periodic stimulus
# rests on.

# %%
response = phase_response(cycle, "mu_e")
print(f"adjoint constant along the cycle to {response.attrs['constancy']:.0e}")
draw_phase_response(response).figure
