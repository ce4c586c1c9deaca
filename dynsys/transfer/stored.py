"""Transfer functions as stored tables: shipped for the default neuron, cached for others.

Nothing here compiles: a model with the default neuron starts without the Fokker-Planck solver.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from dynsys.cache import cache_directory
from dynsys.errors import StorageError
from dynsys.numpy_files import read_arrays
from dynsys.storage import write_atomically
from dynsys.tables import SmoothTable
from dynsys.transfer.neuron import EIFNeuron
from dynsys.transfer.table_format import DEFAULT_MU, DEFAULT_SIGMA, UNITS, VERSION
from dynsys.typed import typed

SHIPPED = Path(__file__).parent.parent / "data" / "eif_default.npz"


@typed
def smooth_table(table: xr.Dataset, neuron: EIFNeuron) -> SmoothTable:
    """The quintic spline of a computed table: log_rate (log kHz), mean_voltage (mV), log_tau_mu."""
    return SmoothTable(
        "eif",
        axes={"mu": table["mu"].values, "sigma": table["sigma"].values},
        quantities={
            "log_rate": table["log_rate"].values,
            "mean_voltage": table["mean_voltage"].values,
            "log_tau_mu": np.log(table["tau_mu"].values),
        },
        units={"log_rate": "log kHz", "mean_voltage": "mV", "log_tau_mu": "log ms"},
        source=f"Fokker-Planck equation of {neuron}",
    )


@cache
@typed
def transfer_function(neuron: EIFNeuron | None = None) -> SmoothTable:
    """The transfer functions of a neuron as a ``SmoothTable``.

    The default neuron's table ships with the package; another neuron's is computed on first use
    (about half a minute on two cores) and cached by a hash of its parameters.

    Example
    -------
    >>> table = transfer_function()
    >>> rate = np.exp(table.evaluate("log_rate", mu=1.3, sigma=1.5))
    """
    if neuron is None:
        return transfer_function(EIFNeuron())  # one and the same table however it is asked for
    if neuron == EIFNeuron():
        return smooth_table(load_table(SHIPPED), neuron)
    path = _cache_path(neuron)
    if path.exists():
        try:
            return smooth_table(load_table(path), neuron)
        except StorageError as error:
            warnings.warn(f"{error}; it is computed again", stacklevel=2)
    from dynsys.transfer.table import transfer_table  # compiles the solver; rarely needed

    table = transfer_table(neuron)
    save_table(table, path)
    return smooth_table(table, neuron)


def _cache_path(neuron: EIFNeuron) -> Path:
    grid = (len(DEFAULT_MU), DEFAULT_MU[0], DEFAULT_MU[-1], len(DEFAULT_SIGMA))
    text = repr((sorted(asdict(neuron).items()), grid, DEFAULT_SIGMA[[0, -1]].tolist(), VERSION))
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return cache_directory() / "transfer" / f"eif-{digest}.npz"


@typed
def save_table(table: xr.Dataset, path: Path) -> Path:
    """Write a computed table (npz), complete or not at all."""
    arrays = {name: table[name].values for name in (*UNITS, "mu", "sigma")}
    neuron = np.array([table.attrs[name] for name in EIFNeuron.parameter_names()])

    def write(draft: Path) -> None:
        with open(draft, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, neuron=neuron, **arrays)

    return write_atomically(Path(path), write)


def load_table(path: Path) -> xr.Dataset:
    """Read a computed table; StorageError names a file that is missing or damaged."""
    try:
        stored = read_arrays(path)
        arrays = {name: stored[name] for name in (*UNITS, "mu", "sigma", "neuron")}
        shape = (len(arrays["mu"]), len(arrays["sigma"]))
    except (OSError, KeyError, TypeError) as error:
        raise StorageError(
            f"the transfer table {path} cannot be read ({error}); delete it or make it again with "
            "`dynsys transfer-function --out FILE`"
        ) from error
    if any(arrays[name].shape != shape or not np.all(np.isfinite(arrays[name])) for name in UNITS):
        raise StorageError(f"the transfer table {path} is damaged; delete it or make it again")
    return xr.Dataset(
        {name: (("mu", "sigma"), arrays[name], {"units": UNITS[name]}) for name in UNITS},
        coords={"mu": arrays["mu"], "sigma": arrays["sigma"]},
        attrs=dict(zip(EIFNeuron.parameter_names(), arrays["neuron"].tolist(), strict=True)),
    )


@typed
def find_table(digest: str) -> SmoothTable:
    """The table with this content hash, shipped or cached; StorageError where there is none."""
    default = transfer_function()
    if default.digest == digest:
        return default
    for path in sorted((cache_directory() / "transfer").glob("eif-*.npz")):
        try:
            stored = load_table(path)
        except StorageError:
            continue  # a damaged entry cannot be the one; its own use reports it
        neuron = EIFNeuron(**{k: stored.attrs[k] for k in EIFNeuron.parameter_names()})
        table = smooth_table(stored, neuron)
        if table.digest == digest:
            return table
    raise StorageError(
        f"the transfer table {digest} of this result is not in the package nor in "
        f"{cache_directory() / 'transfer'}; build the model with the same neuron once to make it"
    )
