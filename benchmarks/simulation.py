"""Simulated seconds per second, single runs and ensembles, and the accuracy they buy.

The measure of accuracy is the frequency of the fast rhythm of the AdEx mean field (mu_e = 1.3,
mu_i = 0.5 mV/ms) against its value for small steps. If neurolib is installed, its ALNModel (forward
Euler, dt = 0.1 ms) runs beside ours; its error is that of the published stepper, which ours
repeats.
"""

from __future__ import annotations

import warnings

import numpy as np
from timing import best

from dynsys import Tolerance, simulate, simulate_ensemble
from dynsys.models import aln
from stimulation.entrainment.phases import crossings

MODEL = aln().with_parameters(mu_e=1.3, mu_i=0.5)
DURATION = 10_000  # ms
POINTS = 400


def frequency(values: np.ndarray, dt: float) -> float:
    marks = crossings(values, dt)
    return 1000 * (len(marks) - 1) / (marks[-1] - marks[0])


def report(name: str, speed: float, values: np.ndarray, dt: float, exact: float) -> None:
    error = frequency(values, dt) / exact - 1
    print(f"{name:<44} {speed:>9.0f}   {100 * error:>+9.4f} %")


def main() -> None:
    fine = simulate(MODEL, DURATION, settle=2000, record="r_E", tolerance=Tolerance(1e-9, 1e-10))
    exact = frequency(fine["r_E"].values, 0.1)
    print(f"{'single run':<44} simulated s/s   frequency error (of {exact:.4f} Hz)")
    cases = {
        "published stepper, dt 0.1 ms": ({"discretisation": "published"}, 0.1),
        "euler, dt 0.25 ms": ({"method": "euler", "dt": 0.25}, 0.25),
        "rk4, dt 0.1 ms": ({"method": "rk4"}, 0.1),
        "rk4, dt 0.25 ms": ({"method": "rk4", "dt": 0.25}, 0.25),
        "Dormand-Prince, rtol 1e-4": ({"tolerance": Tolerance(1e-4, 1e-5)}, 0.1),
        "Dormand-Prince, rtol 1e-6": ({}, 0.1),
    }
    for name, (options, dt) in cases.items():

        def work(options=options):
            return simulate(MODEL, DURATION, record="r_E", **options)

        speed = DURATION / 1000 / best(work)
        late = simulate(MODEL, DURATION, settle=2000, record="r_E", **options)["r_E"].values
        report(name, speed, late, dt, exact)
    neurolib(exact)

    print(f"\nensemble of {POINTS} points, all cores")
    grid = {"mu_e": np.linspace(0.5, 1.4, POINTS)}
    base = MODEL
    for name, options in {
        "published stepper, dt 0.1 ms": {"discretisation": "published"},
        "euler, dt 0.25 ms": {"method": "euler", "dt": 0.25},
        "rk4, dt 0.1 ms": {},
        "rk4, dt 0.25 ms": {"dt": 0.25},
    }.items():

        def many(options=options):
            return simulate_ensemble(base, 2000, grid, record="r_E", sample=1.0, **options)

        print(f"{name:<44} {POINTS * 2 / best(many, 2):>9.0f}")


def neurolib(exact: float) -> None:
    try:
        from neurolib.models.aln import ALNModel
    except ImportError:
        print("neurolib's ALNModel                            not installed")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ALNModel()
    model.params.update(
        duration=DURATION, mue_ext_mean=1.3, mui_ext_mean=0.5, sigma_ou=0.0, a=0.0, b=0.0
    )
    speed = DURATION / 1000 / best(model.run)
    report("neurolib's ALNModel, dt 0.1 ms", speed, model.rates_exc[0, 20_000:], 0.1, exact)


if __name__ == "__main__":
    main()
