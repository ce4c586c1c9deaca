"""Fits of transfer functions to simulated grids, in two steps: threshold, then rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
import xarray as xr
from scipy import optimize, special

from dynsys.cells.parameters import Cell
from dynsys.definition import symbol
from dynsys.errors import ModelError, unknown_name
from dynsys.transfer.evaluation import evaluate
from dynsys.transfer.functions import KILOHERTZ, TransferFunction
from dynsys.transfer.membrane import MembraneStatistics
from dynsys.transfer.networks import NETWORKS, Network
from dynsys.transfer.templates import LENGTHS, effective_threshold
from dynsys.typed import typed

_METHODS = ("nelder-mead", "least-squares")
_NAMES = ("conductance", "mean", "sd", "autocorrelation_time", "skewness")


@dataclass(frozen=True)
class Fit:
    """A fitted transfer function and how good it is.

    Parameters
    ----------
    function : the ``TransferFunction``.
    grid : the data, with ``fitted`` rates beside ``rate``.
    threshold_error : mV, root mean square of the first step.
    rate_error : Hz, root mean square of the second step, over all points.
    largest_error : Hz. noise : Hz, root mean square of the data's own standard errors.
    evaluations : of the second step.
    """

    function: TransferFunction
    grid: xr.Dataset
    threshold_error: float
    rate_error: float
    largest_error: float
    noise: float
    evaluations: int

    def __str__(self) -> str:
        points = self.grid["rate"].size
        verdict = (
            "as good as the data" if self.rate_error < 1.5 * self.noise else
            f"{self.rate_error / self.noise:.1f} times the data's noise: the template's own error"
        )  # fmt: skip
        return "\n".join(
            [
                f"transfer function {self.function.name} of {self.function.membrane.name}: "
                f"{len(self.function.coefficients)} coefficients, {points} points",
                f"  threshold: rms error {self.threshold_error:.3f} mV",
                f"  rates: rms error {self.rate_error:.3f} Hz (largest {self.largest_error:.3f}); "
                f"noise of the data {self.noise:.3f} Hz: {verdict}",
                "  coefficients (mV): " + ", ".join(f"{c:.6g}" for c in self.function.coefficients),
            ]
        )

    __repr__ = __str__


@typed
def fit_transfer_function(
    cell: Cell,
    grid: xr.Dataset,
    name: str = "fitted",
    network: Network | None = None,
    coefficients: int = 11,
    legacy_sigma: bool = False,
    adaptation: bool = False,
    method: str = "nelder-mead",
    ridge: float = 1e-6,
) -> Fit:
    """Fit the effective threshold of a cell to a grid of its rates.

    1. Where it fired, invert the template for the threshold and fit the polynomial to it.
    2. From there, minimise the mean squared error of the rates, over all points.

    Coefficients of the 11-term polynomial are nearly collinear: fits of equal quality may have
    very different ones. Compare rates and fixed points.

    Parameters
    ----------
    grid : of ``rate_grid``.
    network : whose synapses the grid has; by name from the library by default.
    coefficients : 10, 11 or 31, the template.
    legacy_sigma : with the variance of the published code of 2018.
    adaptation : put the measured mean adaptation current into the mean potential, for mean fields
        that have it as a state.
    method : of the second step: "nelder-mead" as published, or "least-squares".
    ridge : weight of a penalty on the coefficients (in units of their features' size) in step 1.

    Raises
    ------
    ModelError for a grid without enough firing; UnknownNameError for another method.

    Source: Zerlaut et al. 2018, J Comput Neurosci 44:45-61; di Volo et al. 2019.

    Example
    -------
    >>> print(fit_transfer_function(cell, rate_grid(cell)))
    """
    if method not in _METHODS:
        raise unknown_name("method", method, _METHODS, "fit_transfer_function")
    if coefficients not in LENGTHS:
        raise ModelError(f"{coefficients} coefficients fit no template; use 10, 11 or 31")
    network = network or NETWORKS.get(str(grid.attrs["network"]))
    if network is None:
        raise ModelError(f"the grid's network {grid.attrs['network']} is no name; give network=")
    sources = network.into(str(grid.attrs["target"]))
    names = {network.receptors[p.source].inhibitory: p.source for p in sources}
    start = TransferFunction(
        name=name, cell=cell, coefficients=(-50.0,) + (coefficients - 1) * (0.0,),
        legacy_sigma=legacy_sigma, adaptation=adaptation,
        highest_output=float(grid["rate"].max()),
        highest_input=(
            (names[False], float(grid["nu_e"].max())), (names[True], float(grid["nu_i"].max())),
        ),
        network=network.name, source="fitted to simulations by dynsys",
    )  # fmt: skip
    current = -grid["w"].values.ravel() if adaptation else 0.0
    rates = {names[False]: grid["nu_e"].values.ravel(), names[True]: grid["nu_i"].values.ravel()}
    moments = evaluate(start, rates, network, str(grid.attrs["target"]), current)
    problem = _Problem(features(start, moments), moments, grid["rate"].values.ravel())
    first, threshold_error = problem.threshold(ridge)
    best, evaluations = problem.rates(first, method)
    fitted = problem.rate(best)
    error = fitted - problem.observed
    return Fit(
        function=_replaced(start, best),
        grid=grid.assign(fitted=(grid["rate"].dims, fitted.reshape(grid["rate"].shape))),
        threshold_error=threshold_error,
        rate_error=float(np.sqrt(np.mean(error**2))),
        largest_error=float(np.max(np.abs(error))),
        noise=float(np.sqrt(np.mean(grid["rate_error"].values ** 2))),
        evaluations=evaluations,
    )


def _replaced(function: TransferFunction, coefficients: np.ndarray) -> TransferFunction:
    return replace(function, coefficients=tuple(float(c) for c in coefficients))


def features(function: TransferFunction, moments: dict[str, np.ndarray]) -> np.ndarray:
    """What each coefficient of the template multiplies, (points, coefficients)."""
    symbols = {k: symbol(k) for k in _NAMES}
    statistics = MembraneStatistics(time_constant=sympy.S.One, **symbols)
    cell, count = function.membrane, len(function.coefficients)
    columns = []
    for k in range(count):
        unit = tuple(float(i == k) for i in range(count))
        term = effective_threshold(
            unit, statistics, cell.g_L, cell.C_m, getattr(cell, "V_thre", None)
        )
        modules = ["numpy", {"erf": special.erf}]
        # A template's term, written here from numbers.
        run = sympy.lambdify(list(symbols.values()), term, modules)  # noqa: TID251
        values: Any = run(*(moments.get(name, 0.0) for name in _NAMES))
        columns.append(np.broadcast_to(values, moments["mean"].shape))
    return np.array(columns, dtype=float).T


@dataclass(frozen=True)
class _Problem:
    """The fit as numbers: features (points, coefficients), moments, observed rates (Hz)."""

    features: np.ndarray
    moments: dict[str, np.ndarray]
    observed: np.ndarray

    def rate(self, coefficients: np.ndarray) -> np.ndarray:
        distance = (self.features @ coefficients - self.moments["mean"]) / self.moments["sd"]
        highest = KILOHERTZ / (2 * self.moments["autocorrelation_time"])
        return special.erfc(distance / np.sqrt(2)) * highest

    def threshold(self, ridge: float) -> tuple[np.ndarray, float]:
        """Coefficients (k,) of the polynomial through the inverted thresholds; rms error in mV."""
        share = 2 * self.moments["autocorrelation_time"] * self.observed / KILOHERTZ
        fired = (self.observed > 0) & (share < 2)
        if fired.sum() < self.features.shape[1]:
            raise ModelError(
                f"the cell fired at {fired.sum()} points, fewer than the template's "
                f"{self.features.shape[1]} coefficients: use a larger grid or longer runs"
            )
        inverted = self.moments["mean"] + np.sqrt(2) * self.moments["sd"] * special.erfcinv(share)
        X, y = self.features[fired], inverted[fired]
        size = np.sqrt(np.mean(X**2, axis=0))
        size[size == 0] = 1.0
        penalty = np.sqrt(ridge * len(y)) * np.eye(X.shape[1])
        penalty[0, 0] = 0.0
        stacked = np.concatenate([X / size, penalty])
        found = np.linalg.lstsq(stacked, np.append(y, np.zeros(X.shape[1])), rcond=None)[0] / size
        return found, float(np.sqrt(np.mean((X @ found - y[: len(X)]) ** 2)))

    def rates(self, start: np.ndarray, method: str) -> tuple[np.ndarray, int]:
        """Coefficients with the least mean squared error of the rates."""
        if method == "least-squares":
            found = optimize.least_squares(
                lambda c: self.rate(c) - self.observed, start, method="lm", max_nfev=20_000
            )
            return found.x, int(found.nfev)
        options = {"xatol": 1e-2, "fatol": 1e-7, "maxiter": 10_000, "maxfev": 20_000}
        found = optimize.minimize(
            lambda c: np.mean((self.rate(c) - self.observed) ** 2), start,
            method="Nelder-Mead", options=options,
        )  # fmt: skip
        return found.x, int(found.nfev)
