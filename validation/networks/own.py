"""A network of one's own behind a mean field of one's own: two methods are all it needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from continuation.diagrams.names import naming_observable
from dynsys import checks
from dynsys.errors import DynsysError, ModelError
from dynsys.simulation.drives import checked_inputs
from dynsys.simulation.drives import values as drive_values
from dynsys.vector_field import VectorField
from validation.networks.testable import Kick

Course = Callable[[np.ndarray], np.ndarray]
_ASKED = ("neurons", "rates", "input", "kick")
_POSITIVE = {"seconds", "memory"}
_STEP = 0.05  # ms, of inputs
_MEMORY = 5e8  # bytes, where nothing is said


@runtime_checkable
class OwnNetwork(Protocol):
    """What a class must have to be tested: ``plan(diagram, network=MyNetwork(200))``.

    Its objects travel to other processes: they are pickled, as is what they hold.

    Example
    -------
    See notebooks/own_network.py: Wang-Buzsaki neurons behind a rate equation.
    """

    def describe(self) -> Mapping[str, Any]:
        """What it is, in plain values that change whenever results do.

        ``neurons``: how many (of the largest population); ``rates``: names of the mean field's
        observables in Hz that its runs hold; ``input``: the parameter of the mean field that it
        takes as an input over time; ``kick``: an amount of it that leads from one state to another.
        Optional: ``seconds`` of computing per biological second (1), ``memory`` in bytes of one
        run, ``wiring`` in words, ``positive`` for an input that cannot be negative, ``accuracy``
        (relative standard deviation of rates by how its neurons are drawn, 0), and whatever else
        tells networks apart.
        """

    def run(
        self, duration: float, seed: int, inputs: Mapping[str, Course], **parameters: float
    ) -> xr.Dataset:
        """Run it from a low state for ``duration`` ms.

        ``inputs``: parameter -> function of times (k,) in ms, what is added to it, in its unit;
        ``parameters``: the mean field's, all of them.

        Returns a Dataset over ``time`` (ms, evenly spaced from 0, steps of at most 1 ms) with every
        rate in Hz.
        """


@dataclass(frozen=True)
class Sampled:
    """An input as a function of time: values each ``_STEP`` ms from ``start`` on, 0 outside."""

    values: np.ndarray
    start: float

    def __call__(self, times: np.ndarray) -> np.ndarray:
        """Values at times (k,) in ms."""
        place = np.floor((np.asarray(times, dtype=float) - self.start) / _STEP + 1e-9).astype(int)
        inside = (place >= 0) & (place < len(self.values))
        return np.where(inside, self.values[np.clip(place, 0, len(self.values) - 1)], 0.0)


@dataclass(frozen=True)
class OwnJob:
    """One run of a network of one's own; nothing in it needs the mean field."""

    network: OwnNetwork
    described: Mapping[str, Any]
    parameters: Mapping[str, float]
    duration: float
    seed: int
    courses: Mapping[str, Sampled]
    settle: float

    @cached_property
    def key(self) -> str:
        """A name that differs between runs with different results."""
        plain = [
            dict(self.described), dict(self.parameters), self.duration, self.seed, self.settle,
        ]  # fmt: skip
        content = hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode())
        for name in sorted(self.courses):
            content.update(name.encode() + self.courses[name].values.tobytes())
        return content.hexdigest()[:24]

    def run(self) -> xr.Dataset:
        """Do it, and check what comes back."""
        whole = self.duration + self.settle
        try:
            found = self.network.run(whole, self.seed, self.courses, **self.parameters)
        except DynsysError:
            raise
        except Exception as error:
            raise ModelError(_failed(self.network, "run(...)", error)) from error
        checks.instance("a run", found, xr.Dataset, "xarray.Dataset({'r': ('time', ...)}, ...)")
        for name in self.described["rates"]:
            if name not in found or found[name].dims != ("time",):
                raise ModelError(f"the network's run holds no {name} over time; describe() says so")
            rates = checks.numbers(f"{name} of the network's run", found[name].values, finite=False)
            if np.any(rates < 0):
                raise ModelError(f"{name} of the network's run falls to {rates.min():.4g} Hz")
        times = checks.numbers("the time of the network's run", found["time"].values)
        step = np.diff(times)
        if not (len(step) and np.allclose(step, step[0]) and 0 < step[0] <= 1.0):
            raise ModelError("the time of the network's run is not even, in steps of at most 1 ms")
        if times[-1] < whole - 2 * step[0]:
            raise ModelError(f"the network ran to {times[-1]:g} of {whole:g} ms")
        found = found.sel(time=slice(self.settle - 1e-9, None))
        found = found.assign_coords(time=found["time"].values - found["time"].values[0])
        neurons = int(self.described["neurons"])
        return found.assign_attrs(neurons=neurons, seed=self.seed, key=self.key)


@dataclass(frozen=True)
class OwnTestable:
    """A network of one's own as plans see it; see ``testable.Testable``."""

    model: VectorField
    network: OwnNetwork

    engine = "its own"
    build_seconds = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.network, type) or not isinstance(self.network, OwnNetwork):
            kind = "class" if isinstance(self.network, type) else type(self.network).__name__
            raise ModelError(
                f"a {kind} is no network to test {self.model.name} by: it needs an object with the "
                "methods describe() and run(duration, seed, inputs, **parameters) of "
                "validation.networks.own.OwnNetwork"
            )
        try:
            said = self.network.describe()
        except Exception as error:
            raise ModelError(_failed(self.network, "describe()", error)) from error
        known = checks.mapping("describe()", said, "{'neurons': 200, ...}")
        missing = [name for name in _ASKED if name not in known]
        if missing:
            raise ModelError(f"describe() says nothing about {', '.join(missing)}")
        checks.whole("neurons of describe()", known["neurons"], least=1)
        if checks.number("kick of describe()", known["kick"]) == 0:
            raise ModelError("kick of describe() is 0; give an amount that leads to another state")
        for name in _POSITIVE.intersection(known):
            checks.number(f"{name} of describe()", known[name], above=0)
        checks.number("accuracy of describe()", known.get("accuracy", 0.0), least=0)
        self._check_rates(known["rates"])
        checks.known("input", known["input"], self.model.parameters, self.model.name)

    def _check_rates(self, rates: Any) -> None:
        """ModelError where they are no names of observables with that which names states."""
        if isinstance(rates, str):
            raise ModelError(f"rates of describe() is {rates!r}; give a list of names: [{rates!r}]")
        for name in rates:
            checks.known("observable", name, self.model.observable_names, self.model.name)
        main = naming_observable(self.model)
        if main not in rates:
            raise ModelError(
                f"states of {self.model.name} are named by {main}, which is not among the rates of "
                f"describe(): {', '.join(rates)}"
            )

    @cached_property
    def _known(self) -> dict[str, Any]:
        return dict(self.network.describe())

    @property
    def rates(self) -> tuple[str, ...]:
        main = naming_observable(self.model)
        return (main, *(name for name in self._known["rates"] if name != main))

    @property
    def accuracy(self) -> float:
        return float(self._known.get("accuracy", 0.0))

    @property
    def sizes(self) -> int:
        """Neurons as theories ask for them."""
        return self.neurons

    @property
    def kick(self) -> Kick:
        positive = bool(self._known.get("positive", False))
        return Kick(self._known["input"], float(self._known["kick"]), positive)

    @property
    def neurons(self) -> int:
        return int(self._known["neurons"])

    @property
    def size(self) -> str:
        return f"{self.neurons} neurons ({type(self.network).__name__})"

    @property
    def wired(self) -> str:
        return str(self._known.get("wiring", "the network's own wiring"))

    @property
    def processing(self) -> float:
        return float(self._known.get("seconds", 1.0))

    @property
    def memory(self) -> float:
        return float(self._known.get("memory", _MEMORY))

    def job(
        self, duration: float, seed: int = 0, inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0, **parameters: float,
    ) -> OwnJob:  # fmt: skip
        """A run to be made later or elsewhere."""
        model = self.model.with_parameters(**parameters)
        checks.number("duration (ms)", duration, above=0)
        times = _STEP * np.arange(round(duration / _STEP) + 1)
        courses = {
            name: Sampled(drive_values(item, times + 1e-9, model, name), settle)
            for name, (item, *_) in checked_inputs(model, inputs or {}, 1).items()
        }
        return OwnJob(
            self.network, self._known, dict(model.parameters), float(duration), checks.seed(seed),
            courses, float(settle),
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        return self._known

    def recomputed(self) -> Iterator[tuple[str, OwnTestable]]:
        """It is computed in one way."""
        return iter(())

    def rewired(self) -> None:
        """There is no other wiring."""


def _failed(network: object, what: str, error: Exception) -> str:
    return f"{what} of your {type(network).__name__} fails: {type(error).__name__}: {error}"
