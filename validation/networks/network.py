"""``network_of``: the network of neurons behind a mean field, and its runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.models.aln import WIRINGS, aln
from dynsys.models.aln_network import wiring_of
from dynsys.simulation.drives import checked_inputs
from dynsys.simulation.drives import values as drive_values
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField
from validation.networks.circuit_network import circuit_network
from validation.networks.jobs import ENGINES, Job, available, prepare
from validation.networks.memory import check_memory, memory_of
from validation.networks.programs import compiler_problem
from validation.networks.qif import MODEL as QIF
from validation.networks.qif import qif_network
from validation.networks.runs import NetworkRun
from validation.networks.structure import (
    STRUCTURAL,
    Structure,
    structure_of,
    values_of,
    whole,
)
from validation.networks.testable import Kick
from validation.networks.values import group_values

_DRIVEN = {"mu_e": "drive_E", "mu_i": "drive_I"}
_MOST_SEEDS = 2**31 - 1
# Seconds per biological second and neuron of a population, one process on a busy machine.
SPEED = {"kernel": 1.2e-4, "cpp_standalone": 1.2e-3, "cython": 1.6e-3, "numpy": 3.0e-2}
_BUILD = 25.0  # s of compiling a program


def network_of(model: VectorField, neurons: int = 10_000, **options: Any) -> Any:
    """The network of neurons behind a mean field, from the same parameters.

    ``aln()``: a ``Network`` of AdEx neurons, see ``adex_network``; ``montbrio_pazo_roxin()``: a
    ``QIFNetwork``, see ``qif.qif_network``; ``master_equation(...)``: a ``CircuitNetwork`` of cells
    with conductances, see ``circuit_network.circuit_network``. ``options`` are theirs; all have
    ``dt`` and ``engine``.

    The engine is "kernel" by default: our own compiled steps, the fastest, whose statistics agree
    with Brian2's to within their errors (tests/validation/networks). Brian2 is the independent
    check: ``engine="cpp_standalone"`` (aln), ``"numpy"`` (QIF) or ``"brian2"`` (cells).

    Raises
    ------
    ModelError for a model whose network is not known, and as the two functions say.

    Example
    -------
    >>> network_of(montbrio_pazo_roxin(), neurons=10_000).run(duration=1000, seed=1)
    """
    checks.instance("model", model, VectorField, "aln()")
    builder = _BUILDERS.get(model.name, adex_network)
    known = list(signature(builder).parameters)[2:]
    for name in options:
        checks.known("option", name, known, f"the network of {model.name}")
    return builder(model, neurons, **options)


def adex_network(
    model: VectorField,
    neurons: int = 10_000,
    *,
    dt: float = 0.1,
    engine: str = "kernel",
    precision: str = "double",
    method: str = "heun",
    neuron: EIFNeuron | None = None,
    connections: int = 1,
) -> Network:
    """The network of AdEx neurons behind an ``aln()`` mean field, from the same parameters.

    ``neurons`` excitatory and as many inhibitory ones; every neuron draws its inputs without
    repetition, as many as the mean field's in-degrees say, with the mean field's delays: the wiring
    ("stated" or "published") is the model's.

    During the refractory period V, w and the synaptic variables are frozen; spikes that arrive
    still open synapses. (Brian2's flag "unless refractory" on a synaptic variable would also drop
    these spikes; that changes rates by 1-2 %.)

    Parameters
    ----------
    model : ``aln()``; its parameter values are the network's.
    neurons : per population.
    dt : time step in ms.
    engine : "kernel" is our own: the same equations and steps as Brian2's in numba, ten times
        faster, its spikes others, its statistics the same. "cpp_standalone" (Brian2) compiles a
        program, once for all parameters, inputs and seeds (20 s); where there is no C++ compiler
        the kernel is taken, with a warning. "cython" and "numpy" are Brian2's other targets.
    precision : "double" or "single"; the kernel's state is always single.
    method : "heun", or "euler": what Brian2's own "heun" does with additive noise, and
        so the published network code; at 0.1 ms it shifts rates by up to 5 %.
    neuron : the one the model was made with, if it is not the default.
    connections : seed of the connections, which all runs of a network share.

    Raises
    ------
    ModelError, UnknownNameError
        for another model, sizes and seeds that make no sense, a network too large for the memory.

    Example
    -------
    >>> network = network_of(aln(wiring="published").with_parameters(mu_e=1.6, mu_i=0.3))
    >>> network.run(3000, seed=1).dominant_frequency("E")
    """
    checks.instance("model", model, VectorField, "aln()")
    checks.known("engine", engine, ENGINES, "network_of")
    checks.number("dt", dt)
    if neuron is not None:
        checks.instance("neuron", neuron, EIFNeuron, "EIFNeuron(...)")
    structure = structure_of(model, neurons, neuron, dt, precision, method)
    check_memory(structure, engine)
    return Network(model, structure, engine, _seed("connections", connections))


_BUILDERS: dict[str, Callable[..., Any]] = {
    QIF: qif_network,
    "master_equation": circuit_network,
}


@dataclass(frozen=True)
class Network:
    """A network of neurons; ``run`` runs it."""

    model: VectorField
    structure: Structure
    engine: str
    connections: int
    # Whether spikes go out along the synapses of neurons drawn anew; the kernel's only.
    redrawn: bool = False

    @property
    def wiring(self) -> str:
        """The wiring of the mean field: "stated" or "published"."""
        return wiring_of(self.model)

    @property
    def wired(self) -> str:
        """The wiring in words."""
        return f"{self.wiring} wiring"

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates of its runs."""
        return ("r_E", "r_I")

    accuracy = 0.0

    @property
    def sizes(self) -> int:
        """Neurons as theories ask for them."""
        return self.neurons

    @property
    def kick(self) -> Kick:
        """The published bistability test's: 1 mV/ms to E."""
        return Kick("mu_e", 1.0)

    @property
    def neurons(self) -> int:
        """Neurons of each population."""
        return self.structure.neurons

    @property
    def size(self) -> str:
        """Neurons and synapses in words."""
        synapses = self.structure.synapses / 1e6
        return f"2 x {self.neurons} neurons, {synapses:.1f} million synapses"

    @property
    def processing(self) -> float:
        """Estimated seconds of computing per biological second."""
        return SPEED[available(self.engine)] * self.neurons * 0.1 / self.structure.dt

    @property
    def memory(self) -> float:
        """Estimated bytes of one run."""
        return memory_of(self.structure, self.engine)

    @property
    def build_seconds(self) -> float:
        """Estimated seconds until the first run starts."""
        return _BUILD if available(self.engine) == "cpp_standalone" else 0.0

    def record(self) -> dict[str, Any]:
        """The structure as plain values."""
        content: dict[str, Any] = json.loads(self.structure.to_json())
        return content | {"connections": self.connections}

    def recomputed(self) -> Iterator[tuple[str, Network]]:
        """Half the time step; Brian2 against the kernel, or the kernel against Brian2."""
        half = replace(self.structure, dt=self.structure.dt / 2)
        word = f"the time step ({self.structure.dt:g} and {half.dt:g} ms)"
        yield word, replace(self, structure=half)
        other = "cpp_standalone" if self.engine == "kernel" else "kernel"
        if other == "kernel" or compiler_problem() is None:
            yield f"the engine ({self.engine} and {other})", replace(self, engine=other)

    def rewired(self) -> tuple[str, Network]:
        """The other reading of the publication's wiring, in mean field and network."""
        word = next(w for w in WIRINGS if w != self.wiring)
        structure, own = self.structure, self.model
        model = aln(wiring=word, neuron=structure.neuron).with_parameters(**own.parameters)
        other = structure_of(
            model, structure.neurons, structure.neuron, structure.dt, structure.precision,
            structure.method,
        )  # fmt: skip
        return f"{word} wiring", replace(self, model=model, structure=other)

    def build(self) -> float:
        """Compile the program where there is none yet; returns the seconds this took."""
        start = time.perf_counter()
        prepare(self.structure, self.engine, 1)
        return time.perf_counter() - start

    def run(
        self,
        duration: float,
        seed: int = 0,
        inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0,
        **parameters: float,
    ) -> NetworkRun:
        """Run the network for ``duration`` ms.

        Parameters
        ----------
        seed : of noise and initial states; the same seed gives the same run.
        inputs : "mu_e", "mu_i" -> what is added over time: a waveform of ``stimulation`` or a
            function of time. They act from time 0, after ``settle``.
        settle : unrecorded time before, in ms.
        parameters : other values than the model's, such as ``mu_e=1.5``.

        Raises
        ------
        ModelError, UnknownNameError
            for names, times and seeds that make no sense.
        NetworkError, StorageError
            for a program that cannot be compiled or run, a disk that is full.

        Example
        -------
        >>> network.run(3000, seed=2, inputs={"mu_e": Step("40 pA", 1000, 2000)}, mu_e=1.5)
        """
        return self.job(duration, seed, inputs, settle, **parameters).run()

    def job(
        self,
        duration: float,
        seed: int = 0,
        inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0,
        **parameters: float,
    ) -> Job:
        """The same run as plain numbers, to be done later or elsewhere; arguments as of ``run``."""
        dt = self.structure.dt
        fixed = [name for name in STRUCTURAL if name in parameters]
        if fixed:
            raise ModelError(
                f"{fixed[0]} decides which synapses there are; make another network: "
                f"network_of(model.with_parameters({fixed[0]}=...))"
            )
        model = self.model.with_parameters(**parameters)
        lead = _steps("settle", settle, dt, 0)
        steps = _steps("duration", duration, dt, 1) + lead
        settings = {
            "steps": steps, "seed_run": _seed("seed", seed), "seed_network": self.connections,
        }  # fmt: skip
        settings |= {"redrawn": 1} if self.redrawn else {}
        return Job(
            structure=self.structure, engine=self.engine, settings=settings,
            values=group_values(values_of(model)), settle=float(settle),
            drives=self._drives(model, inputs or {}, steps, lead),
            attributes=self._attributes(model, settings, inputs or {}, settle),
        )  # fmt: skip

    def _drives(
        self, model: VectorField, inputs: Mapping[str, Any], steps: int, lead: int
    ) -> dict[str, np.ndarray]:
        """Inputs at the steps, in mV/ms; zero before time 0."""
        dt = self.structure.dt
        times = dt * np.arange(steps - lead + 1)
        drives = {}
        for name, (item, *_) in checked_inputs(model, inputs, 1).items():
            if name not in _DRIVEN:
                raise ModelError(
                    f"a network's {name} does not change over time; inputs act on mu_e and mu_i"
                )
            check = getattr(item, "check_step", None)
            if check is not None:
                check(dt, model.frequency_factor)
            values = drive_values(item, times + 1e-9, model, name)
            drives[_DRIVEN[name]] = np.concatenate([np.zeros(lead), values])
        return drives

    def _attributes(
        self,
        model: VectorField,
        settings: Mapping[str, int],
        inputs: Mapping[str, Any],
        settle: float,
    ) -> dict[str, Any]:
        return {
            "model": f"network of {model.name}",
            "source": model.source,
            "wiring": wiring_of(model),
            "neurons": self.structure.neurons,
            "structure": self.structure.to_json(),
            "parameters": json.dumps(dict(model.parameters)),
            "inputs": json.dumps({name: str(item) for name, item in inputs.items()}),
            "seed": settings["seed_run"],
            "connections": settings["seed_network"],
            "dt": self.structure.dt,
            "settle": settle,
        }


def _seed(name: str, value: int) -> int:
    return whole(name, value, 0, _MOST_SEEDS)


def _steps(name: str, time_: float, dt: float, least: int) -> int:
    """A whole number of time steps."""
    time_ = checks.number(f"{name} (ms)", time_, least=least * dt * (1 - 1e-9))
    steps = round(time_ / dt)
    if abs(steps * dt - time_) > 1e-6 * max(time_, 1.0):
        raise ModelError(f"{name} = {time_:g} ms is no whole number of steps of {dt:g} ms")
    return steps
