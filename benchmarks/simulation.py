"""Simulated seconds per second, single runs and ensembles, and the accuracy they buy.

The measure of accuracy is the frequency of the fast rhythm of the AdEx mean field (mu_e = 1.3,
mu_i = 0.5 mV/ms) against its value for small steps; runs of an ensemble have the digits of single
runs. If neurolib is installed, its ALNModel (forward Euler, dt = 0.1 ms) runs beside ours; its
error is that of the published stepper, which ours repeats. No other method here has so large an
error with a step that is stable, so that at its error ours is as fast as with the longest step.

Then nanoseconds per step and run of the mean field of quadratic integrate-and-fire neurons, which
has no tables and no delays, beside a loop written by hand for it and, if installed, vbjax.

Speeds of ensembles are told by the clock, with all cores, and per second of processor time, which
other work on the machine hardly changes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from timing import best, best_of

from dynsys import Tolerance, VectorField, simulate, simulate_ensemble
from dynsys.models import aln
from stimulation.entrainment.phases import crossings

MODEL = aln().with_parameters(mu_e=1.3, mu_i=0.5)
DURATION = 10_000  # ms
POINTS = 512
QIF = VectorField(
    "qif_mean_field", {"r": 0.1, "v": -1.0}, {"eta": 1.0, "J": 15.0, "Delta": 1.0, "tau": 1.0},
    {"r": "(Delta/(pi*tau) + 2*r*v)/tau", "v": "(v**2 + eta + J*tau*r - (pi*tau*r)**2)/tau"},
    time_unit="",
)  # fmt: skip
RUNS, STEPS, DT = 4096, 20_000, 0.01


def frequency(values: np.ndarray, dt: float) -> float:
    marks = crossings(values, dt)
    return 1000 * (len(marks) - 1) / (marks[-1] - marks[0])


def report(name: str, speed: float, values: np.ndarray, dt: float, exact: float) -> float:
    """Print a row; returns the size of the error."""
    error = frequency(values, dt) / exact - 1
    print(f"{name:<44} {speed:>9.0f}   {100 * error:>+9.4f} %", flush=True)
    return abs(error)


CASES = {
    "published stepper, dt 0.1 ms": ({"discretisation": "published"}, 0.1),
    "euler, dt 0.1 ms": ({"method": "euler", "dt": 0.1}, 0.1),
    "euler, dt 0.25 ms": ({"method": "euler", "dt": 0.25}, 0.25),
    "euler, dt 0.3125 ms": ({"method": "euler", "dt": 0.3125}, 0.3125),
    "exponential, dt 0.5 ms": ({"method": "exponential", "dt": 0.5}, 0.5),
    "exponential, dt 1 ms": ({"method": "exponential", "dt": 1.0}, 1.0),
    "heun, dt 0.2 ms": ({"method": "heun", "dt": 0.2}, 0.2),
    "rk4, dt 0.1 ms": ({"method": "rk4"}, 0.1),
    "rk4, dt 0.25 ms": ({"method": "rk4", "dt": 0.25}, 0.25),
}


def main() -> None:
    fine = simulate(MODEL, DURATION, settle=2000, record="r_E", tolerance=Tolerance(1e-9, 1e-10))
    exact = frequency(fine["r_E"].values, 0.1)
    print(f"{'single run':<44} simulated s/s   frequency error (of {exact:.4f} Hz)")
    adaptive = {
        "Dormand-Prince, rtol 1e-4": ({"tolerance": Tolerance(1e-4, 1e-5)}, 0.1),
        "Dormand-Prince, rtol 1e-6": ({}, 0.1),
    }
    ours = []
    for name, (options, dt) in (CASES | adaptive).items():

        def work(options=options):
            return simulate(MODEL, DURATION, record="r_E", **options)

        speed = DURATION / 1000 / best(work)
        late = simulate(MODEL, DURATION, settle=2000, record="r_E", **options)["r_E"].values
        ours.append((speed, report(name, speed, late, dt, exact), name))
    neurolib(exact, ours)

    print(f"\nensemble of {POINTS} points: simulated s/s, per CPU s, CPU ns a step and run")
    grid = {"mu_e": np.linspace(0.5, 1.4, POINTS)}
    for name, (options, dt) in CASES.items():

        def many(options=options, sample=20 * dt):
            return simulate_ensemble(MODEL, 1000, grid, record="r_E", sample=sample, **options)

        clock, used = best_of(many)
        per_step = 1e9 * used / (POINTS * 1000 / dt)
        print(
            f"{name:<44} {POINTS / clock:>9.0f} {POINTS / used:>9.0f} {per_step:>9.1f}", flush=True
        )
    qif()


def neurolib(exact: float, ours: list[tuple[float, float, str]]) -> None:
    """Measure it beside (speed, error, name) of ours."""
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
    rates = model.rates_exc[0, 20_000:]
    error = report("neurolib's ALNModel, dt 0.1 ms", speed, rates, 0.1, exact)
    fastest, _, name = max(row for row in ours if row[1] < error)
    print(f"single run, at its error or less: {fastest / speed:.1f} times its speed ({name})")


@numba.njit(error_model="numpy", nogil=True)
def by_hand(r, v, eta, J, Delta, tau, dt, steps):
    """Heun's method for a block of runs, written out: what a compiler can make of it."""
    for _ in range(steps):
        for k in range(r.shape[0]):
            a = (Delta[k] / (np.pi * tau[k]) + 2 * r[k] * v[k]) / tau[k]
            b = (v[k] ** 2 + eta[k] + J[k] * tau[k] * r[k] - (np.pi * tau[k] * r[k]) ** 2) / tau[k]
            x, y = r[k] + dt * a, v[k] + dt * b
            c = (Delta[k] / (np.pi * tau[k]) + 2 * x * y) / tau[k]
            d = (y**2 + eta[k] + J[k] * tau[k] * x - (np.pi * tau[k] * x) ** 2) / tau[k]
            r[k] += dt * (0.5 * a + 0.5 * c)
            v[k] += dt * (0.5 * b + 0.5 * d)


def qif() -> None:
    print(f"\nQIF mean field, Heun, {RUNS} runs: ns a step and run by the clock, CPU ns")
    values = np.linspace(-5, 1, RUNS)

    def written(block: np.ndarray) -> np.ndarray:
        ones = np.ones(len(block))
        r = 0.1 * ones
        by_hand(r, -ones, block, 15 * ones, ones, ones, DT, STEPS)
        return r

    def all_blocks() -> np.ndarray:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return np.concatenate(list(threads.map(written, np.split(values, RUNS // 256))))

    def ours():
        return simulate_ensemble(
            QIF, STEPS * DT, points={"eta": values}, method="heun", dt=DT, sample=STEPS * DT,
            record="r",
        )  # fmt: skip

    apart = np.abs(ours()["r"].values[:, -1] / all_blocks() - 1).max()
    _print_costs("a loop written by hand", all_blocks)
    _print_costs("simulate_ensemble", ours, f"   apart by {apart:.1e}")
    try:
        import jax
        import vbjax
    except ImportError:
        print("vbjax                                          not installed")
        return
    jax.config.update("jax_enable_x64", True)
    step, _ = vbjax.make_ode(
        DT,
        lambda x, p: jax.numpy.array(
            [1 / np.pi + 2 * x[0] * x[1], x[1] ** 2 + p + 15 * x[0] - (np.pi * x[0]) ** 2]
        ),
    )
    start = jax.numpy.array([0.1 + 0 * values, -1 + 0 * values])
    run = jax.jit(lambda p: jax.lax.fori_loop(0, STEPS, lambda k, x: step(x, k, p), start))
    _print_costs("vbjax, double precision", lambda: run(values).block_until_ready())


def _print_costs(name: str, work: Callable[[], object], more: str = "") -> None:
    clock, used = (1e9 * seconds / (RUNS * STEPS) for seconds in best_of(work))
    print(f"{name:<44} {clock:>9.2f} {used:>9.2f}{more}", flush=True)


if __name__ == "__main__":
    main()
