"""The network of neurons that ``aln()`` describes: who projects to whom, when, which neuron."""

from __future__ import annotations

from dynsys.errors import ModelError
from dynsys.transfer import EIFNeuron, transfer_function
from dynsys.vector_field import VectorField

PAIRS = ("EE", "EI", "IE", "II")  # target, source


def is_aln(model: VectorField) -> bool:
    """Whether a model has the connections and the transfer function of ``aln()``."""
    return {f"z1_{pair}" for pair in PAIRS} <= set(model.definitions) and "eif" in model.tables


def connection_of(model: VectorField, pair: str) -> tuple[str, str]:
    """Names of the in-degree and of the delay of one connection in the mean field."""
    symbols = {str(s) for s in model.definitions[f"z1_{pair}"].free_symbols}
    degree = [name for name in ("K_e", "K_i") if name in symbols]
    delay = [name for name in ("d_e", "d_i") if name in symbols]
    if len(degree) != 1 or len(delay) != 1:
        raise ModelError(f"the connection {pair} of {model.name} has no single in-degree and delay")
    return degree[0], delay[0]


def wiring_of(model: VectorField) -> str:
    """ "stated" (in-degree and delay belong to the source), "published" (to the target)."""
    return "stated" if connection_of(model, "EI")[0] == "K_i" else "published"


def neuron_of(model: VectorField, neuron: EIFNeuron | None = None) -> EIFNeuron:
    """The neuron whose transfer function the model reads: the one given, or the default.

    Raises ModelError where the model was made with another one.
    """
    chosen = neuron or EIFNeuron()
    if transfer_function(chosen).digest != model.tables["eif"].digest:
        raise ModelError(
            "the mean field was made with another neuron than the network; pass the same one, "
            "neuron=neuron, here as in aln(neuron=neuron)"
        )
    return chosen
