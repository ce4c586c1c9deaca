"""Spectra of finite networks against their theory: every frequency, two sizes, and their ratio.

Networks of 60 s at three places with the figure's parameters, Welch windows of 1 s; the power near
each frequency is the mean of the bins within 1 Hz, in network and theory alike. A deviation counts
against 25 % where the theory is above half of its peak, 15 % elsewhere, with two standard errors of
the measurement beside it.

    python benchmarks/spectra.py [seconds] [out.csv]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator

import numpy as np

from continuation import asynchronous_state, rate_spectrum
from dynsys.models import aln
from validation import network_of
from validation.measures.spectra import at_frequencies, power_density

PLACES = ((1.6, 0.5), (2.3, 0.7), (1.2, 1.2))  # mu_e, mu_i in mV/ms
SIZES = (2_000, 8_000)
FREQUENCIES = np.array([2, 5, 10, 20, 25, 30, 40, 60, 80, 120, 200], float)  # Hz
AWAY, AT_PEAK = 0.15, 0.25
_HALF = 1.0  # Hz
_SETTLE = 1000.0  # ms


def rows(seconds: float) -> Iterator[dict[str, float | str]]:
    """One row per place, size, rate and frequency."""
    for mu_e, mu_i in PLACES:
        model = aln().with_parameters(mu_e=mu_e, mu_i=mu_i)
        print(asynchronous_state(model))
        measured = {}
        for neurons in SIZES:
            run = network_of(model, neurons).run(1000 * seconds, seed=1, settle=_SETTLE)
            for name in ("r_E", "r_I"):
                density = power_density(run, name, after=0.0)
                bins = density["frequency"].values
                near = at_frequencies(density, FREQUENCIES, _HALF)
                theory = rate_spectrum(model, neurons, bins[bins <= 210])
                expected = at_frequencies(_as_density(theory, name), FREQUENCIES, _HALF)["power"]
                height = theory.peak(name).get("height", np.inf)
                measured[name, neurons] = near["power"].values
                for k, f in enumerate(FREQUENCIES):
                    power, error = float(near["power"][k]), float(near["error"][k])
                    wanted = float(expected[k])
                    allowed = AT_PEAK if wanted > 0.5 * height else AWAY
                    off = power / wanted - 1
                    yield {
                        "mu_e": mu_e, "mu_i": mu_i, "neurons": neurons, "rate": name,
                        "frequency": f, "theory": wanted, "network": power,
                        "deviation": off, "error": error / power, "allowed": allowed,
                        "within": "yes" if abs(off) <= allowed else "no",
                        "ratio": measured[name, SIZES[0]][k] / power * SIZES[0] / neurons,
                    }  # fmt: skip


def _as_density(theory: object, name: str) -> object:
    """A predicted spectrum as a measured one without errors."""
    values = theory[name]  # type: ignore[index]
    return values.to_dataset(name="power").assign(error=0 * values)


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    found = []
    for row in rows(seconds):
        found.append(row)
        print(
            f"({row['mu_e']}, {row['mu_i']}) N {row['neurons']:5} {row['rate']} "
            f"{row['frequency']:5.0f} Hz  theory {row['theory']:.4g}  network {row['network']:.4g} "
            f"({100 * row['deviation']:+.0f} ± {200 * row['error']:.0f} %, "  # type: ignore[operator]
            f"{100 * row['allowed']:.0f} % allowed: {row['within']})  N S / "  # type: ignore[operator]
            f"{SIZES[0]} S {1 / row['ratio']:.2f}",  # type: ignore[operator]
            flush=True,
        )
    outside = sum(row["within"] == "no" for row in found)
    print(f"{len(found)} powers, {outside} outside")
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
