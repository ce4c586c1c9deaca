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
# # Frequency entrainment and the Arnold tongue
#
# Figure 5 of Cakan & Obermayer (2020): the fast rhythm of the AdEx mean field (A2) driven by a
# sine. Amplitudes are zero to peak.

# %%
from dynsys.models import aln
from stimulation import ElectricField, arnold_tongue, entrainment_map

A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)
field = ElectricField(dendrite_length=1200)
print(f"20 pA at 22 Hz: {field.in_volts_per_metre('20 pA', frequency=22):.2f} V/m")

# %% [markdown]
# A weak stimulus entrains near the natural frequency, and near twice of it with every second cycle.

# %%
weak = entrainment_map(A2, "mu_e", "20 pA", range(1, 71), discretisation="published")
print(weak)
weak.plot().figure

# %% [markdown]
# A strong one imposes its period up to 34 Hz, and twice its period from there to 51 Hz.

# %%
strong = entrainment_map(A2, "mu_e", "100 pA", range(1, 71), discretisation="published")
print("one stimulus cycle:", strong.repeating(1), "two:", strong.repeating(2))
strong.plot().figure

# %% [markdown]
# ## The tongue, predicted and simulated
#
# To first order the phase response of the undriven rhythm tells which frequencies lock (dashed).
# The locked rhythms are limit cycles of the driven model: the exact edges are one curve of their
# folds, which turns around the tip of the tongue, and above the 1:1 resonances (R1) two curves of
# tori. Simulations confirm them (dots).

# %%
amplitudes = ["1 pA", "4 pA", "8 pA", "20 pA"]
predicted = arnold_tongue(A2, "mu_e", amplitudes=amplitudes[:3])
exact = arnold_tongue(A2, "mu_e", amplitudes=amplitudes, method="continuation")
simulated = arnold_tongue(
    A2, "mu_e", amplitudes=amplitudes, method="simulation", resolution=0.02, criterion="period"
)
print(f"{predicted.width_per_unit:.3f} Hz per pA predicted")
print(exact)
print(simulated)
predicted.plot(simulated.plot(exact.plot())).figure
