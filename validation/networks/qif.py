"""Networks of quadratic integrate-and-fire neurons behind ``montbrio_pazo_roxin()``.

The mean field is exact for infinitely many neurons: mean field and network must agree to the
network's noise, which tests the validation itself.

Source: Montbrió, Pazó & Roxin 2015, Phys Rev X 5:021028.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.interruption import interruptible
from dynsys.simulation.drives import checked_inputs
from dynsys.simulation.drives import values as drive_values
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.measures.rates import dominant_frequency, mean_rate, peak_rate
from validation.networks.testable import Kick

MODEL = "montbrio_pazo_roxin"
KERNEL, NUMPY, CYTHON = "kernel", "numpy", "cython"
ENGINES = (KERNEL, NUMPY, CYTHON)
SHARES = ("balanced", "published", "random")
STEPS = {KERNEL: 0.05, NUMPY: 0.01, CYTHON: 0.01}  # ms; Brian2 follows each upstroke by small steps
# Seconds per biological second and neuron.
SPEED = {KERNEL: 1.5e-4, NUMPY: 2.0e-2, CYTHON: 1.0e-2}
_MEMORY = {KERNEL: 2.5e8, NUMPY: 4e8, CYTHON: 4e8}  # bytes
_KICK, _RETURN = 5.0, 100.0  # the published pulse of the input is 3; ms, of its end
_TAIL = 0.25  # of the distribution, on the side of high excitability, that is shared by roots
_GAUSS = np.polynomial.legendre.leggauss(8)


class QIFRun(xr.Dataset):
    """A run of a QIF network: ``rate`` (Hz) and ``s`` (kHz) over ``time`` (ms), with measures."""

    __slots__ = ()

    def mean_rate(self, population: str = "rate", **options: Any) -> Estimate:
        """Mean rate in Hz; see ``validation.measures.rates.mean_rate``."""
        return mean_rate(self, population, **options)

    def peak_rate(self, population: str = "rate", **options: Any) -> Estimate:
        """Mean height of the smoothed rate's maxima (``validation.measures.rates``)."""
        return peak_rate(self, population, **options)

    def dominant_frequency(self, population: str = "rate", **options: Any) -> Estimate:
        """Frequency of the rate's strongest rhythm in Hz; see ``validation.measures.rates``."""
        return dominant_frequency(self, population, **options)


@dataclass(frozen=True)
class QIFJob:
    """One run as plain numbers, which any process can do."""

    neurons: int
    engine: str
    share: str
    dt: float
    steps: int
    settle: float
    seed: int
    connections: int
    values: Mapping[str, float]
    drive: np.ndarray
    inputs: str = "{}"

    @property
    def duration(self) -> float:
        """Simulated time in ms, with what is not recorded."""
        return self.steps * self.dt

    @cached_property
    def key(self) -> str:
        """A name that differs between runs with different results."""
        plain = {k: v for k, v in asdict(self).items() if k != "drive"} | {"network": MODEL}
        content = hashlib.sha256(json.dumps(plain, sort_keys=True, default=dict).encode())
        content.update(self.drive.tobytes())
        return content.hexdigest()[:24]

    @property
    def lag(self) -> int:
        """Delay in steps; spikes act in the next step where the model has no delay."""
        return max(1, round(self.values.get("D", self.dt) / self.dt))

    def run(self) -> QIFRun:
        """Do it. Raises NetworkError where Brian2 fails."""
        start = time.perf_counter()
        if self.engine == KERNEL:
            rate, s = self._kernel()
        else:
            # Brian2 runs in a process of its own.
            from validation.networks.qif_brian import interpret

            rate, s = interpret(self)
        first = round(self.settle / self.dt)
        times = self.dt * np.arange(self.steps - first)
        return QIFRun(
            {
                "rate": ("time", 1000 * rate[first:], {"units": "Hz"}),
                "s": ("time", s[first:], {"units": "kHz"}),
            },
            coords={"time": ("time", times, {"units": "ms"})},
            attrs={
                "model": f"network of {MODEL}", "neurons": self.neurons, "engine": self.engine,
                "shares": self.share, "seed": self.seed, "dt": self.dt, "settle": self.settle,
                "inputs": self.inputs, "parameters": json.dumps(dict(self.values)),
                "key": self.key, "run_seconds": round(time.perf_counter() - start, 3),
            },
        )  # fmt: skip

    def excitabilities(self) -> np.ndarray:
        """eta_j (n,), in falling order where they are not random."""
        generator = np.random.default_rng([self.connections, 1])
        center, width = self.values["eta"], self.values["Delta"]
        return center + width * _lorentzian(self.neurons, self.share, generator)

    def _kernel(self) -> tuple[np.ndarray, np.ndarray]:
        # It compiles on its first import; Brian2's engines do not need it.
        from validation.networks.qif_kernel import Coupling, run

        p, dt = self.values, self.dt
        eta = self.excitabilities()
        fastest = math.sqrt(max(float(eta.max() + self.drive.max()), 0.0))
        if fastest * dt / p["tau"] >= math.pi:
            raise ModelError(
                f"the most excitable neuron spikes more than once in a step of {dt:g} ms; use a "
                f"smaller dt, or fewer neurons than {self.neurons}"
            )
        kept = math.exp(-dt / p["tau_d"]) if "tau_d" in p else 0.0
        share = (1 - kept) * p.get("tau_d", 0.0) / dt
        v = np.tan(np.pi * (np.random.default_rng(self.seed).random(self.neurons) - 0.5))
        coupling = Coupling(p["J"] * p["tau"], self.lag, kept, share)
        found = interruptible(run, v, eta, self.drive, p["tau"], dt, coupling)
        return found[0], found[1]


@dataclass(frozen=True)
class QIFNetwork:
    """All-to-all QIF neurons; ``run`` runs them, ``job`` prepares a run."""

    model: VectorField
    neurons: int
    engine: str
    share: str
    dt: float
    connections: int

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates of its runs."""
        return ("rate",)

    @property
    def accuracy(self) -> float:
        """What N shares of the Lorentzian leave open of a rate."""
        return 1 / self.neurons

    @property
    def sizes(self) -> int:
        """Neurons as theories ask for them."""
        return self.neurons

    @property
    def kick(self) -> Kick:
        """A step of the common input, which goes back slowly: the upper state is a focus."""
        return Kick("I", _KICK, return_time=_RETURN)

    @property
    def size(self) -> str:
        """Neurons in words."""
        return f"{self.neurons} neurons, all connected to all"

    @property
    def wired(self) -> str:
        """All to all."""
        return f"all-to-all coupling, {self.share} shares of the excitabilities"

    @property
    def processing(self) -> float:
        """Estimated seconds of computing per biological second."""
        return SPEED[self.engine] * self.neurons * STEPS[self.engine] / self.dt

    @property
    def memory(self) -> float:
        """Estimated bytes of one run."""
        return _MEMORY[self.engine] + 100.0 * self.neurons

    build_seconds = 0.0

    def record(self) -> dict[str, Any]:
        """What it is made of, as plain values."""
        return {
            "neurons": self.neurons, "dt": self.dt, "shares": self.share,
            "connections": self.connections,
        }  # fmt: skip

    def recomputed(self) -> Iterator[tuple[str, QIFNetwork]]:
        """Half the time step; Brian2 against the kernel, or the kernel against Brian2."""
        yield f"the time step ({self.dt:g} and {self.dt / 2:g} ms)", replace(self, dt=self.dt / 2)
        other = NUMPY if self.engine == KERNEL else KERNEL
        yield (
            f"the engine ({self.engine} and {other})",
            replace(self, engine=other, dt=STEPS[other]),
        )

    def rewired(self) -> None:
        """There is no other wiring."""

    def run(
        self,
        duration: float,
        seed: int = 0,
        inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0,
        **parameters: float,
    ) -> QIFRun:
        """Run the network for ``duration`` ms; ``inputs`` act on "I" from time 0, after ``settle``.

        Example
        -------
        >>> network_of(montbrio_pazo_roxin(), 10_000).run(1000, seed=1).mean_rate()
        """
        return self.job(duration, seed, inputs, settle, **parameters).run()

    def job(
        self,
        duration: float,
        seed: int = 0,
        inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0,
        **parameters: float,
    ) -> QIFJob:
        """The same run as plain numbers, to be done later or elsewhere."""
        model, dt = self.model.with_parameters(**parameters), self.dt
        _check_delay(model, dt)
        lead = round(checks.number("settle (ms)", settle, least=0) / dt)
        steps = lead + round(checks.number("duration (ms)", duration, least=dt) / dt)
        drive = np.full(steps, model.parameters["I"])
        for name, (item, *_) in checked_inputs(model, inputs or {}, 1).items():
            if name != "I":
                raise ModelError(
                    f"a QIF network's {name} does not change over time; inputs act on I"
                )
            times = dt * np.arange(steps - lead)
            drive[lead:] += drive_values(item, times + 1e-9, model, name)
        texts = json.dumps({name: str(item) for name, item in (inputs or {}).items()})
        return QIFJob(
            self.neurons, self.engine, self.share, dt, steps, float(settle), checks.seed(seed),
            self.connections, dict(model.parameters), drive, texts,
        )  # fmt: skip


def qif_network(
    model: VectorField,
    neurons: int = 10_000,
    *,
    dt: float | None = None,
    engine: str = KERNEL,
    shares: str = "balanced",
    connections: int = 1,
) -> QIFNetwork:
    """The network of QIF neurons behind ``montbrio_pazo_roxin()``.

    Parameters
    ----------
    dt : ms; 0.05, in which the kernel is exact but for the coupling; 0.01 for Brian2.
    engine : "kernel" (exact steps, spikes at infinity), or Brian2's "numpy" and "cython" (spikes at
        V = 100, as published), an independent check.
    shares : which eta_j stand for the Lorentzian. "balanced": each for an equal share of it, by the
        mean of sqrt(eta) in it where eta is high, so that the rate misses no more than 1/N;
        "published": quantiles (2 j - N - 1) / (N + 1), whose missing tail takes 4 % of a rate of
        8 Hz away at 10^4 neurons; "random", with ``connections`` as seed.

    Raises
    ------
    ModelError, UnknownNameError for numbers and words that make no sense.
    """
    checks.known("engine", engine, ENGINES, "the network of montbrio_pazo_roxin")
    checks.known("shares", shares, SHARES, "the network of montbrio_pazo_roxin")
    count = checks.whole("neurons", neurons, least=2, most=10_000_000)
    step = STEPS[engine] if dt is None else checks.number("dt (ms)", dt, least=1e-4, most=1.0)
    _check_delay(model, step)
    seed = checks.whole("connections", connections, least=0)
    return QIFNetwork(model, count, engine, shares, step, seed)


def _check_delay(model: VectorField, dt: float) -> None:
    delay = model.parameters.get("D", dt)
    if abs(round(delay / dt) * dt - delay) > 1e-9 * max(1.0, delay):
        raise ModelError(f"the delay D = {delay:g} ms is no whole number of steps of {dt:g} ms")


def _lorentzian(count: int, share: str, generator: np.random.Generator) -> np.ndarray:
    """Standard Lorentzian numbers (n,) by equal shares of the distribution."""
    if share == "random":
        return np.tan(np.pi * (generator.random(count) - 0.5))
    k = np.arange(count)
    if share == "published":
        return np.tan(np.pi / 2 * (2 * k + 1 - count) / (count + 1))[::-1].copy()
    values = 1 / np.tan(np.pi * (k + 0.5) / count)
    top = k[: int(_TAIL * count)]
    # The mean root of each share, integrated over the root of the tail's probability, which takes
    # the singularity of the last one away.
    left, right = np.sqrt(top / count), np.sqrt((top + 1) / count)
    nodes = ((left + right) + (right - left) * _GAUSS[0][:, None]) / 2
    roots = np.sqrt(1 / np.tan(np.pi * nodes**2)) * 2 * nodes
    values[: len(top)] = (_GAUSS[1] @ roots * (right - left) / 2 * count) ** 2
    return values
