"""Transfer functions computed over a grid of inputs."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial

import numpy as np
import xarray as xr
from numba import float64, types

from dynsys.errors import ModelError
from dynsys.interruption import run_all
from dynsys.journal import Checkpoint, key, say, whole
from dynsys.numba_cache import njit
from dynsys.transfer.filters import cell
from dynsys.transfer.fokker_planck import FINE, VECTOR
from dynsys.transfer.neuron import EIFNeuron
from dynsys.transfer.table_format import DEFAULT_MU, DEFAULT_SIGMA, UNITS, VERSION
from dynsys.typed import typed


@njit([types.void(VECTOR, float64, VECTOR, types.Array(float64, 2, "C"))], cache=True, nogil=True)
def _row(neuron, mu, sigma, out):
    for j in range(sigma.shape[0]):
        cell(neuron, mu, sigma[j], FINE, out[j])


@typed
def transfer_table(
    neuron: EIFNeuron | None = None,
    mu: np.ndarray = DEFAULT_MU,
    sigma: np.ndarray = DEFAULT_SIGMA,
    workers: int | None = None,
    progress: bool = True,
) -> xr.Dataset:
    """Steady rate, mean voltage and filter time constants over a grid of inputs.

    Parameters
    ----------
    mu, sigma : increasing inputs in mV/ms (k,) and mV/sqrt(ms) (l,).
    workers : threads; all cores by default.
    progress : show a progress bar.

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
    with whole(say=progress):
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
    values = np.full((len(mu), len(sigma), 4), np.nan)
    checkpoint = Checkpoint(lambda: key("transfer table", asdict(neuron), mu, sigma))
    rows, kept = checkpoint.last() or (np.zeros(0, dtype=int), values[:0])
    values[rows] = kept
    done = set(rows.tolist())
    say("rows of a transfer table", len(done), len(mu))
    missing = [i for i in range(len(mu)) if i not in done]

    def finished(number: int) -> None:
        done.add(missing[number])
        bar.advance(shown)
        checkpoint.keep(lambda: (np.array(sorted(done)), values[sorted(done)]))

    # Only long computations show their progress.
    from rich.progress import Progress

    packed = neuron.packed()
    with Progress(disable=not progress) as bar:
        shown = bar.add_task("transfer functions", total=len(mu), completed=len(done))
        run_all(
            [partial(_row, packed, mu[i], sigma, values[i]) for i in missing], workers, finished
        )
    return values
