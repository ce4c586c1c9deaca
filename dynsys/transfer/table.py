"""Transfer functions computed over a grid of inputs."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numba import float64, types

from dynsys.cluster.connection import spreading
from dynsys.cluster.pieces import pieces
from dynsys.errors import ModelError
from dynsys.interruption import interruptible
from dynsys.journal import key, whole
from dynsys.numba_cache import njit
from dynsys.transfer.filters import cell
from dynsys.transfer.fokker_planck import FINE, VECTOR
from dynsys.transfer.neuron import EIFNeuron
from dynsys.transfer.table_format import DEFAULT_MU, DEFAULT_SIGMA, UNITS, VERSION
from dynsys.typed import typed


@njit([types.void(VECTOR, float64, VECTOR, types.Array(float64, 2, "C"))], cache=True, nogil=True)
def _fill(neuron, mu, sigma, out):
    for j in range(sigma.shape[0]):
        cell(neuron, mu, sigma[j], FINE, out[j])


@typed
def transfer_table(
    neuron: EIFNeuron | None = None,
    mu: np.ndarray = DEFAULT_MU,
    sigma: np.ndarray = DEFAULT_SIGMA,
    workers: int | None = None,
    progress: bool = True,
    scheduler: Any = None,
) -> xr.Dataset:
    """Steady rate, mean voltage and filter time constants over a grid of inputs.

    Parameters
    ----------
    mu, sigma : increasing inputs in mV/ms (k,) and mV/sqrt(ms) (l,).
    workers : threads; all cores by default.
    progress : show a progress bar.
    scheduler : the address of a Dask scheduler, a client or cluster, or "local": its workers
        compute the rows (see ``dynsys.cluster.connection.spreading``).

    Returns
    -------
    Dataset (mu, sigma) with ``log_rate`` (log kHz), ``mean_voltage`` (mV), ``tau_mu`` and
    ``tau_sigma`` (ms).

    Example
    -------
    >>> table = transfer_table(EIFNeuron(DeltaT=2.0), mu=np.linspace(0, 3, 40))
    """
    neuron = neuron or EIFNeuron()
    mu, sigma = _axis("mu", mu), _axis("sigma", sigma)
    if sigma[0] <= 0:
        raise ModelError(f"sigma starts at {sigma[0]:g}; the noise must be positive")
    with whole(say=progress), spreading(scheduler):
        values = _rows(neuron, mu, sigma, workers or os.cpu_count() or 1, progress)
    data = {
        name: (("mu", "sigma"), values[..., k], {"units": unit})
        for k, (name, unit) in enumerate(UNITS.items())
    }
    return xr.Dataset(
        data,
        coords={
            "mu": ("mu", mu, {"units": "mV/ms"}),
            "sigma": ("sigma", sigma, {"units": "mV/sqrt(ms)"}),
        },
        attrs={**asdict(neuron), "method": f"Fokker-Planck, fourth order, version {VERSION}"},
    )


def _axis(name: str, values: np.ndarray) -> np.ndarray:
    axis = np.ascontiguousarray(values, dtype=float)
    if axis.ndim != 1 or len(axis) < 1 or not np.all(np.isfinite(axis)):
        raise ModelError(f"{name} must be a one-dimensional array of finite numbers")
    if np.any(np.diff(axis) <= 0):
        raise ModelError(f"{name} must increase from point to point")
    return axis


def _rows(
    neuron: EIFNeuron, mu: np.ndarray, sigma: np.ndarray, workers: int, progress: bool
) -> np.ndarray:
    """All values (mu, sigma, 4), row by row; finished rows are kept until all are."""
    # Only long computations show their progress.
    from rich.progress import Progress

    about = partial(key, "transfer table", asdict(neuron), sigma)
    names = [partial(about, float(m)) for m in mu]
    works = [partial(_row, neuron, float(m), sigma) for m in mu]
    with Progress(disable=not progress) as bar:
        shown = bar.add_task("transfer functions", total=len(mu))
        rows = pieces(
            names, works, words="rows of a transfer table", workers=workers,
            done=lambda _: bar.advance(shown),
        )  # fmt: skip
    return np.stack(rows)


def _row(neuron: EIFNeuron, mu: float, sigma: np.ndarray) -> np.ndarray:
    """The values (sigma, 4) of one mean input: what a worker computes."""
    values = np.full((len(sigma), 4), np.nan)
    interruptible(_fill, neuron.packed(), mu, sigma, values)
    return values
