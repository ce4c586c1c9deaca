"""What a network is made of, read from its mean field: connections, neuron, parameter values."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.models.aln_network import PAIRS, connection_of, is_aln, neuron_of
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

METHODS = ("heun", "euler")
SMALLEST, LARGEST = 2, 10_000_000
# Parameters of the mean field that decide which synapses there are; the others change freely.
STRUCTURAL = ("K_e", "K_i", "d_e", "d_i")


@dataclass(frozen=True)
class Structure:
    """What a compiled program is made for; everything else is a number given to it.

    ``in_degrees`` and ``delays`` (ms) in the order of ``PAIRS``; ``neurons`` per population; ``dt``
    in ms; ``precision`` "double" or "single"; ``method`` "heun" or "euler".
    """

    neurons: int
    in_degrees: tuple[int, ...]
    delays: tuple[float, ...]
    neuron: EIFNeuron
    dt: float = 0.1
    precision: str = "double"
    method: str = "heun"

    @property
    def synapses(self) -> int:
        """How many synapses the network has."""
        return self.neurons * sum(self.in_degrees)

    def key(self) -> str:
        """A short name that differs between structures."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Structure:
        content = json.loads(text)
        content["neuron"] = EIFNeuron(**content["neuron"])
        for name in ("in_degrees", "delays"):
            content[name] = tuple(content[name])
        return cls(**content)


def structure_of(
    model: VectorField,
    neurons: int,
    neuron: EIFNeuron | None,
    dt: float,
    precision: str,
    method: str = "heun",
) -> Structure:
    """The structure of the network behind a mean field.

    In-degree and delay of each connection are read from the model's equations, so the network has
    the wiring of its mean field.

    Raises ModelError for another model than aln, sizes that make no sense, in-degrees above the
    population's size, delays that are no whole number of steps.
    """
    if not is_aln(model):
        raise ModelError(
            f"no network is known behind the model {model.name}; networks are made from aln(), "
            "montbrio_pazo_roxin() and master_equation(...). Test it by one of your own: "
            "plan(diagram, network=...), see validation.networks.own"
        )
    count = whole("neurons", neurons, SMALLEST, LARGEST)
    checks.known("precision", precision, ("double", "single"), "network_of")
    checks.known("method", method, METHODS, "network_of")
    if not (math.isfinite(dt) and 1e-3 <= dt <= 1.0):
        raise ModelError(f"dt is {dt:g} ms; choose a step between 0.001 and 1 ms (0.1 by default)")
    degrees, delays = [], []
    for pair in PAIRS:
        degree, delay = connection_of(model, pair)
        degrees.append(_degree(model, pair, degree, count))
        delays.append(_whole_steps(pair, model.parameters[delay], dt))
    return Structure(
        count,
        tuple(degrees),
        tuple(delays),
        neuron_of(model, neuron),
        float(dt),
        precision,
        method,
    )


def values_of(model: VectorField) -> dict[str, float]:
    """The numbers a network of this model runs with: all parameters that are not structural."""
    return {k: v for k, v in model.parameters.items() if k not in STRUCTURAL}


def whole(name: str, value: float, least: int, most: int) -> int:
    """A whole number within bounds, or the error that names it."""
    return checks.whole(name, value, least=least, most=most)


def _degree(model: VectorField, pair: str, name: str, neurons: int) -> int:
    value = model.parameters[name]
    if value != round(value):
        raise ModelError(f"{name} = {value:g}: a neuron has a whole number of inputs")
    if value > neurons:
        raise ModelError(
            f"{name} = {value:g} inputs of kind {pair} cannot be drawn from {neurons} neurons "
            f"without repetition; use neurons >= {value:g}, or a smaller {name}"
        )
    return int(value)


def _whole_steps(pair: str, delay: float, dt: float) -> float:
    steps = round(delay / dt)
    if steps < 1 or abs(steps * dt - delay) > 1e-9 * max(delay, 1.0):
        raise ModelError(
            f"the delay {delay:g} ms of {pair} is no whole number of steps of {dt:g} ms; "
            "use a dt that divides it"
        )
    return float(delay)
