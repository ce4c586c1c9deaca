"""What a network must tell and do so that a plan can test a mean field by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import xarray as xr

from dynsys.vector_field import VectorField
from stimulation import Pulse, Waveform
from stimulation.waveforms.shapes import Decay

_FALL = 0.95  # of a rate
_FORGOTTEN = 7.0  # time constants after which a kick has ended


@dataclass(frozen=True)
class Kick:
    """The input that chooses between coexisting states, and how strong it is.

    Parameters
    ----------
    parameter : of the mean field, which the network takes as an input over time.
    strength : by how much it is raised or lowered, in its unit.
    positive : whether it cannot fall below 0, as a rate; then it falls to a twentieth where it is
        lower: the noise of cells without any input is no noise, and their mean field no number.
    return_time : time constant (ms) of the kick's end. States that turn about themselves leave when
        it ends at once, even where they are stable.
    """

    parameter: str
    strength: float
    positive: bool = False
    return_time: float = 0.0

    def amount(self, factor: float, model: VectorField) -> float:
        """``factor`` kicks, no further down than allowed at the model's values."""
        wanted = factor * self.strength
        lowest = -_FALL * model.parameters[self.parameter]
        return max(wanted, lowest) if self.positive else wanted

    def choosing(self, amount: float, model: VectorField, duration: float) -> Waveform:
        """The kick that chooses a state, from the start of a run on.

        With ``return_time`` it goes back slowly, as that of the published test of bistability
        (``stimulation.bistability_detector``).
        """
        kick = self.pulse(amount, model, 0.0, duration)
        if not self.return_time:
            return kick
        tau, size = self.return_time, self.exact(amount, model)
        return kick + Decay(size, start=duration, stop=duration + _FORGOTTEN * tau, tau=tau)

    def pulse(self, amount: float, model: VectorField, start: float, duration: float) -> Waveform:
        """A pulse of the input."""
        return Pulse(self.exact(amount, model), start, duration)

    def written(self, amount: float, model: VectorField) -> str:
        """An amount with its unit, for readers."""
        return f"{amount:g} {model.unit(self.parameter)}".strip()

    def exact(self, amount: float, model: VectorField) -> str:
        """An amount with its unit, to the last digit."""
        return f"{float(amount)!r} {model.unit(self.parameter)}".strip()


class Work(Protocol):
    """One run as something any process can do; ``key`` differs between different results."""

    @property
    def key(self) -> str: ...

    @property
    def duration(self) -> float:
        """Simulated time in ms."""

    def run(self) -> xr.Dataset: ...


class Testable(Protocol):
    """A network as plans and reports see it.

    ``rates``: the mean field's observables in Hz that its runs hold, the naming one first;
    ``neurons``: of a population (the largest); ``sizes``: of all, as theories ask; ``size`` and
    ``wired``: in words; ``processing`` and ``memory``: seconds per biological second and bytes of
    one process; ``build_seconds``: until the first run starts; ``accuracy``: relative standard
    deviation of its rates by how the network is made, over and above its noise.
    """

    @property
    def model(self) -> VectorField: ...
    @property
    def rates(self) -> tuple[str, ...]: ...
    @property
    def kick(self) -> Kick: ...
    @property
    def neurons(self) -> int: ...
    @property
    def sizes(self) -> int | Mapping[str, int]: ...
    @property
    def size(self) -> str: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def engine(self) -> str: ...
    @property
    def wired(self) -> str: ...
    @property
    def processing(self) -> float: ...
    @property
    def memory(self) -> float: ...
    @property
    def build_seconds(self) -> float: ...

    def job(
        self, duration: float, seed: int, inputs: Mapping[str, Any], settle: float = 0.0,
        **parameters: float,
    ) -> Work: ...  # fmt: skip

    def record(self) -> dict[str, Any]:
        """What it is made of, as plain values."""

    def recomputed(self) -> Iterator[tuple[str, Testable]]:
        """The same network computed in other ways: what differs, and the network."""

    def rewired(self) -> tuple[str, Testable] | None:
        """Mean field (``model``) and network with another wiring, and its name."""
