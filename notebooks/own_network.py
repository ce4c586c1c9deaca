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
# # A network of one's own
#
# Any mean field can be tested by any network: what `plan` needs is an object with two methods.
# Here 200 Wang-Buzsaki neurons (J Neurosci 16:6402, 1996) excite each other through slow synapses.
# Their inputs differ, and none has noise. The mean field has one equation:
# $\tau \dot s = f(I + J s, \sigma) - s$, with the rate curve $f$ measured in uncoupled neurons.

# %%
import tempfile

import numpy as np
import xarray as xr
from numba import njit
from scipy import special

from continuation import bifurcation_diagram
from dynsys.definition import Observable, Parameter, State
from dynsys.tables import SmoothTable
from dynsys.vector_field import VectorField
from validation import plan, report

DT = 0.05  # ms


@njit
def wang_buzsaki(inputs, spread, J, tau, seed):
    """Spikes per step (steps,) of neurons with inputs (steps,) + spread (n,); J: coupling."""
    np.random.seed(seed)
    n, steps, s = spread.shape[0], inputs.shape[0], 0.0
    v, h, k = -70.0 + 10 * np.random.random(n), np.full(n, 0.8), np.full(n, 0.1)
    spikes = np.zeros((steps, n), np.bool_)
    for t in range(steps):
        count = 0
        for i in range(n):
            x = v[i]
            a = 0.1 * (x + 35) / (1 - np.exp(-0.1 * (x + 35)))
            m = a / (a + 4 * np.exp(-(x + 60) / 18))
            h[i] += DT * 5 * (
                0.07 * np.exp(-(x + 58) / 20) * (1 - h[i])
                - h[i] / (1 + np.exp(-0.1 * (x + 28)))
            )  # fmt: skip
            k[i] += DT * 5 * (
                0.01 * (x + 34) / (1 - np.exp(-0.1 * (x + 34))) * (1 - k[i])
                - 0.125 * np.exp(-(x + 44) / 80) * k[i]
            )  # fmt: skip
            ions = 0.1 * (x + 65) + 35 * m**3 * h[i] * (x - 55) + 9 * k[i] ** 4 * (x + 90)
            v[i] += DT * (inputs[t] + spread[i] + J * s - ions)
            if x < 0 <= v[i]:
                spikes[t, i] = True
                count += 1
        s += DT * (-s / tau + count / (n * DT * tau))
    return spikes


# %% [markdown]
# ## The mean field
#
# The rate curve of single neurons, averaged over Gaussian inputs of width sigma.

# %%
currents = np.linspace(-4.0, 11.0, 601)
steps = np.zeros(round(1500 / DT))
spikes = wang_buzsaki(steps, currents, 0.0, 50.0, 1)[round(500 / DT) :]
curve = np.array([1 / np.diff(np.flatnonzero(each)).mean() / DT if each.sum() > 2 else 0.0
                  for each in spikes.T])  # kHz  # fmt: skip

means, widths = np.linspace(-2.0, 9.0, 111), np.linspace(0.2, 0.6, 9)
quantiles = special.ndtri((np.arange(4000) + 0.5) / 4000)
averaged = np.array([[np.interp(m + w * quantiles, currents, curve).mean() for w in widths]
                     for m in means])  # fmt: skip
table = SmoothTable("wb", {"current": means, "width": widths}, {"rate": averaged})

mean_field = VectorField(
    name="slow_wang_buzsaki",
    meaning="Wang-Buzsaki neurons that excite each other through slow synapses",
    states={"s": State(0.005, (0.0, 0.2), "kHz", "synaptic activation")},
    parameters={
        "I": Parameter(0.0, "uA/cm^2", "mean input"),
        "J": Parameter(15.0, "uA/cm^2/kHz", "coupling"),
        "sigma": Parameter(0.3, "uA/cm^2", "spread of the inputs", positive=True),
        "tau": Parameter(50.0, "ms", "synaptic time constant", positive=True),
    },
    equations={"s": "(wb.rate(I + J*s, sigma) - s)/tau"},
    observables={"rate": Observable("1000*wb.rate(I + J*s, sigma)", "Hz", "population rate")},
    tables={"wb": table},
    time_unit="ms",
)
diagram = bifurcation_diagram(mean_field, x=("I", -1.0, 0.5), y=("J", 12.0, 28.0))
print(diagram)
diagram.plot()


# %% [markdown]
# ## The network
#
# `describe` says what it is, in plain values that change whenever results do; `run` runs it.
# Inputs come as functions of time that are added to a parameter.


# %%
class WangBuzsakiNetwork:
    """Neurons whose inputs stand for equal shares of the Gaussian."""

    def __init__(self, neurons):
        self.neurons = neurons

    def describe(self):
        return {
            "neurons": self.neurons, "rates": ["rate"], "input": "I", "kick": 1.5, "dt": DT,
            "seconds": 0.004 * self.neurons, "wiring": "all to all",
        }  # fmt: skip

    def run(self, duration, seed, inputs, *, I, J, sigma, tau):  # noqa: E741
        times = DT * np.arange(round(duration / DT))
        course = I + sum((added(times) for added in inputs.values()), np.zeros(len(times)))
        spread = sigma * special.ndtri((np.arange(self.neurons) + 0.5) / self.neurons)
        spikes = wang_buzsaki(course, spread, J, tau, seed)
        when, who = np.nonzero(spikes[:, :: max(1, self.neurons // 40)])
        return xr.Dataset(
            {
                "rate": ("time", 1000 * spikes.mean(axis=1) / DT, {"units": "Hz"}),
                "spike_time_WB": ("spike", DT * when),
                "spike_neuron_WB": ("spike", who),
            },
            coords={"time": times},
        )


# %% [markdown]
# ## The test
#
# `budget_minutes` is short here; the report has the regimes, the boundaries and the pulses.

# %%
tests = plan(diagram, network=WangBuzsakiNetwork(200), budget_minutes=0.5, workers=1)
with tempfile.TemporaryDirectory() as folder:
    outcome = report(tests, out=folder, progress=False)
found = outcome.to_dataframe()
print(
    found[found.verdict != "not tested"][["claim", "quantity", "predicted", "network", "verdict"]]
)

# %% [markdown]
# Both states are where the mean field says, to the little that 200 neurons differ from a Gaussian.

# %%
rates = found[found.quantity.str.startswith("mean rate")]
assert len(rates) >= 2
assert np.all(np.abs(rates.value - rates.expected) < 0.05 * rates.expected + 1.0)
