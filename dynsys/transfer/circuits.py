"""Circuits: a network whose populations have cells with fitted transfer functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dynsys.cells import AdExCell, Cell
from dynsys.errors import ModelError, unknown_name
from dynsys.transfer.coefficient_sets import find_transfer_function
from dynsys.transfer.functions import TransferFunction, check_conventions
from dynsys.transfer.networks import NETWORKS, Network, find_network
from dynsys.typed import typed


@dataclass(frozen=True)
class Circuit:
    """Populations of cells in a network, each with the transfer function of its cell.

    Parameters
    ----------
    name : an identifier once "-" is replaced by "_".
    network : ``Network``, or the name of a published one.
    functions : population -> ``TransferFunction``, or the name of a published one.
    cells : population -> ``Cell`` where it is not the one the function was fitted to.
    adapting : populations with an adaptation current of their own.
    legacy_sigma : the variance of the published code of 2018 (see ``membrane_statistics``).

    Raises
    ------
    ModelError where coefficients are used with another cell or convention, with the reason;
    UnknownNameError for populations the network does not have.

    Example
    -------
    >>> Circuit("mine", "CONFIG1", {"e": "RS-divolo2019", "i": "FS-divolo2019"}, adapting=("e",))
    """

    name: str
    network: Network
    functions: Mapping[str, TransferFunction]
    cells: Mapping[str, Cell] = field(default_factory=dict)
    adapting: tuple[str, ...] = ()
    legacy_sigma: bool = False

    def __post_init__(self) -> None:
        network = find_network(self.network)
        functions = {
            k: f if isinstance(f, TransferFunction) else find_transfer_function(f)
            for k, f in self.functions.items()
        }
        for label in [*functions, *self.cells, *self.adapting]:
            if label not in network.neurons:
                raise unknown_name("population", label, network.neurons, self.name)
        missing = [label for label in network.neurons if label not in functions]
        if missing:
            raise ModelError(f"{self.name}: no transfer function for {', '.join(missing)}")
        cells = {k: self.cells.get(k, functions[k].membrane) for k in network.neurons}
        for label, function in functions.items():
            check_conventions(function, cells[label], self.legacy_sigma, label in self.adapting)
            if label in self.adapting and not isinstance(cells[label], AdExCell):
                raise ModelError(
                    f"{self.name}: {label} is made of {cells[label].name}, which has no adaptation "
                    "current w; only AdEx cells adapt that way"
                )
        object.__setattr__(self, "network", network)
        object.__setattr__(self, "functions", MappingProxyType(functions))
        object.__setattr__(self, "cells", MappingProxyType(cells))


@typed
def find_circuit(name: str, legacy_sigma: bool = False) -> Circuit:
    """A published circuit by its name.

    The coefficients published for zerlaut2018 were fitted with ``legacy_sigma=True``; with the
    correct variance, the default, it has coefficients fitted anew to the published grids.

    Raises
    ------
    UnknownNameError for another name; ModelError where a circuit has no coefficients for the
    convention.

    Example
    -------
    >>> find_circuit("divolo2019").adapting
    ('e',)
    """
    if name not in _CIRCUITS:
        raise unknown_name("circuit", name, _CIRCUITS, "the library")
    network, stem, adapting = _CIRCUITS[name]
    if name == "zerlaut2018" and not legacy_sigma:
        stem = "{}-zerlaut2018-refit"
    leaky = {"e": "exc", "i": "inh", "ds": "exc"}
    cells = leaky if stem.endswith("spectrum2018") else {"e": "RS", "i": "FS"}
    functions = {k: stem.format(cells[k]) for k in NETWORKS[network].neurons}
    return Circuit(name, network, functions, adapting=adapting, legacy_sigma=legacy_sigma)  # type: ignore[arg-type]


_CIRCUITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "zerlaut2018": ("CONFIG1", "{}-zerlaut2018", ()),
    "zerlaut2018-package": ("CONFIG1", "{}-zerlaut2018-package", ()),
    "divolo2019": ("CONFIG1-divolo", "{}-divolo2019", ("e",)),
    "carlu2020-hh": ("CONFIG1-carlu", "{}-carlu2020-hh", ()),
    "spectrum2018": ("spectrum2018", "{}-spectrum2018", ()),
    "spectrum2018-disinhibited": ("spectrum2018-disinhibited", "{}-spectrum2018", ()),
}
