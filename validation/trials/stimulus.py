"""Does a stimulus do to the network what it does to the mean field? Switches and entrainment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dynsys.simulation import simulate
from dynsys.vector_field import VectorField
from stimulation import Pulse, Sine
from validation.measures.locking import locking_value, rotation_number
from validation.measures.rates import mean_rate
from validation.networks import Network
from validation.networks.jobs import Job
from validation.trials.findings import (
    AGREE,
    DIFFER,
    UNDECIDED,
    Finding,
    Tolerances,
    compared,
    written,
)
from validation.trials.probing import CALM, KICKS
from validation.trials.sweeps import Steps

GROUP = "stimulation"
_AT, _LASTS, _AFTER = 1200.0, 300.0, 1500.0  # ms: a pulse, and what is awaited after it
_LOCKING = 3000.0  # ms in which locking is measured


@dataclass
class SwitchTrial:
    """Does a pulse to E switch between two coexisting states?"""

    model: VectorField
    network: Network
    name: str
    place: dict[str, float]
    amplitude: float  # mV/ms, upwards from the lower state, downwards from the upper one
    border: float  # Hz
    seed: int
    group: str = GROUP

    @property
    def claim(self) -> str:
        word = "up" if self.amplitude > 0 else "down"
        where = written(self.place)
        return (
            f"{self.name}: a pulse of {abs(self.amplitude):g} mV/ms {word}wards, {_LASTS:g} ms "
            f"long, at {where}"
        )

    def cost(self) -> float:
        """Simulated time in ms."""
        return _AT + _LASTS + _AFTER

    def inputs(self) -> dict[str, Any]:
        """The kick that chooses the state, then the pulse."""
        kick = KICKS["low" if self.amplitude > 0 else "high"]
        return {"mu_e": kick + Pulse(f"{self.amplitude} mV/ms", _AT, _LASTS)}

    def job(self) -> Job:
        """The network's run."""
        return self.network.job(self.cost(), self.seed, self.inputs(), **self.place)

    def window(self) -> tuple[float, float]:
        """The times (ms) worth a look."""
        return _AT - 300, self.cost()

    def steps(self) -> Steps:
        """One run."""
        inputs, job = self.inputs(), self.job()
        (run,) = yield [job]
        at = self.model.with_parameters(**self.place)
        words, rates = [], []
        for one in (simulate(at, self.cost(), inputs=inputs, sample=0.5), run):
            before = mean_rate(one, after=_AT - 500, before=_AT)
            after = mean_rate(one, after=_AT + _LASTS + 700)
            rates.append((before, after))
            sides = ["above" if e.value > self.border else "below" for e in (before, after)]
            words.append("switches" if sides[0] != sides[1] else f"stays {sides[0]}")
        near = any(e.low <= self.border <= e.high for e in rates[1])
        verdict = AGREE if words[0] == words[1] else DIFFER
        reason = f"r_E {rates[1][0]} before, {rates[1][1]} after"
        if near:
            verdict, reason = UNDECIDED, f"{reason}: too near the border of {self.border:g} Hz"
        return [
            Finding(GROUP, self.claim, "outcome", words[0], words[1], "same outcome", verdict,
                    reason, dict(self.place), (job.key,), details={"border": self.border}),
        ]  # fmt: skip


@dataclass
class EntrainmentTrial:
    """Does a sine to E lock the rhythm?"""

    model: VectorField
    network: Network
    name: str
    place: dict[str, float]
    amplitude: float  # mV/ms
    frequency: float  # Hz
    tolerances: Tolerances
    seed: int
    group: str = GROUP

    @property
    def claim(self) -> str:
        where = written(self.place)
        return (
            f"{self.name}: a sine of {self.amplitude:g} mV/ms and {self.frequency:.2f} Hz "
            f"at {where}"
        )

    def cost(self) -> float:
        """Simulated time in ms."""
        return CALM + _LOCKING

    def inputs(self) -> dict[str, Any]:
        """The sine."""
        return {"mu_e": Sine(f"{self.amplitude} mV/ms", frequency=self.frequency)}

    def job(self) -> Job:
        """The network's run."""
        return self.network.job(self.cost(), self.seed, self.inputs(), **self.place)

    def window(self) -> tuple[float, float]:
        """The times (ms) worth a look."""
        return self.cost() - 800, self.cost()

    def steps(self) -> Steps:
        """One run."""
        wave, job = self.inputs()["mu_e"], self.job()
        (run,) = yield [job]
        at = self.model.with_parameters(**self.place)
        model_run = simulate(at, self.cost(), inputs={"mu_e": wave}, sample=0.5)
        expected, found = (rotation_number(one, wave, after=CALM) for one in (model_run, run))
        values = [locking_value(one, wave, after=CALM) for one in (run, model_run)]
        text = f"phase-locking value {values[0]} (mean field {values[1].value:.2f})"
        finding = compared(
            GROUP, self.claim, "response cycles per stimulus cycle", "rotation", expected.value,
            found, self.tolerances, self.place, (job.key,),
        )  # fmt: skip
        return [Finding(**{**finding.record(), "reason": f"{finding.reason}; {text}"})]
