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
# # What a stimulus does depends on the state
#
# Figure 4 of Cakan & Obermayer (2020): the same kind of input starts a rhythm at one point of the
# parameter plane, stops it at another and switches between two states at a third. Here each outcome
# is predicted first, as the crossing of a curve of the bifurcation diagram or of a separatrix, and
# then simulated with the published stepper.

# %%
from dynsys import simulate
from dynsys.models import aln
from dynsys.simulation.drawing import draw_run
from stimulation import Decay, Sine, Step, dose_duration, transition_threshold
from stimulation.transitions.attractors import chosen, equilibria_at

A1 = aln().with_parameters(mu_e=1.2, mu_i=1.2)
A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)
A3 = aln().with_parameters(mu_e=2.05, mu_i=1.7)


def show(model, waveform, duration, **options):
    run = simulate(
        model, duration, inputs={"mu_e": waveform}, discretisation="published",
        record=["r_E", "r_I"], **options,
    )  # fmt: skip
    return draw_run(run, stimulus=("input (pA)", waveform.values(run["time"].values)))


# %% [markdown]
# ## From rest into the fast rhythm
#
# At A1 the down state is stable. A lasting current makes it oscillate beyond a Hopf point.

# %%
print(transition_threshold(A1, Step("1 pA"), to_state="cycle"))
show(A1, Step("60 pA", start=500, stop=1500), 2000, settle=2000)

# %% [markdown]
# ## Stopping the rhythm
#
# At A2 the model oscillates at 22.3 Hz; the current that stops it leads through the other Hopf
# point.

# %%
print(transition_threshold(A2, Step("1 pA"), to_state="up"))
show(A2, Step("40 pA", start=1000, stop=2000), 3000)

# %% [markdown]
# ## Switching between two states
#
# At A3 a down and an up state coexist. A pulse switches if it carries the model across the stable
# manifold of the saddle between them; short pulses must be strong.

# %%
curve = dose_duration(A3, [10, 20, 40, 80, 160], "up", from_state="down", observe=1500)
print(curve["threshold"].values.round(2), "pA simulated")
print(curve["prediction"].values.round(2), "pA predicted")

# %%
down = chosen(equilibria_at(A3), "down", A3).state
pulses = Decay("100 pA", start=500, stop=665, tau=50) + Decay(
    "-100 pA", start=1500, stop=1665, tau=50
)
show(A3, pulses, 2500, initial=down)

# %% [markdown]
# ## Slow bursts on demand
#
# With adaptation, at B4, the model rests next to a slow rhythm. A sine of 4 Hz evokes one burst a
# period.

# %%
B4 = aln().with_parameters(a=15, b=40, mu_e=3.8, mu_i=2.0)
show(B4, Sine("40 pA", frequency=4, start=500), 3000, settle=3000)
