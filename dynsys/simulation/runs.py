"""``simulate``: one run of a model, with the integrator that suits what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.simulation.adaptive import Tolerance, run_adaptively
from dynsys.simulation.arguments import METHODS
from dynsys.simulation.bounds import checked_bounds
from dynsys.simulation.drives import checked_inputs, with_own_inputs
from dynsys.simulation.ensembles import prepare
from dynsys.simulation.grids import arrange
from dynsys.simulation.integration import record_columns, whole_steps
from dynsys.simulation.methods import default_step, scheme
from dynsys.simulation.results import dataset
from dynsys.simulation.states import Initial
from dynsys.vector_field import VectorField


def simulate(
    model: VectorField,
    duration: float | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    initial: Initial = None,
    record: Sequence[str] | str | None = None,
    method: str | None = None,
    dt: float | None = None,
    settle: float | None = None,
    sample: float | None = None,
    bounds: float | None = None,
    discretisation: str | None = None,
    noise: Mapping[str, Any] | None = None,
    seed: int | None = None,
    tolerance: Tolerance | None = None,
) -> xr.Dataset:
    """Integrate a model over time, its delays exact.

    Parameters
    ----------
    duration : recorded time, in the model's time unit (ms for the mean fields); the model's own
        ``run["duration"]`` by default, as ``run`` also tells ``method``, ``dt``, ``settle`` and
        ``bounds``.
    inputs : parameter -> what is added to it over time: a waveform of ``stimulation`` or a function
        of time. Inputs act from time 0, after ``settle``. Without one here, a parameter follows the
        model's own ``inputs``.
    initial : mapping, array (n,), an earlier run to continue, or a function of time <= 0 that tells
        the past too; the past is at rest otherwise. The model's initial state by default.
    record : names of observables or states, ``"states"`` for all; all observables by default.
    method : "adaptive" (Dormand-Prince 5(4), the default), "rk4", "heun", "euler" or "exponential"
        with steps ``dt`` (see ``simulate_ensemble``). Noise is integrated by "heun"
        (Stratonovich) unless "euler" (Ito) is chosen.
    settle : unrecorded time before.
    sample : time between records; the fixed step, or 0.1 ms, by default.
    bounds : the run stops where the size of a state passes them; the model's own by default
        (``math.inf`` for none).
    discretisation : "published" integrates as the published mean-field code does (forward Euler,
        delays one step longer than stated, tables read bilinearly; dt = 0.1 ms).
    noise : state -> amplitude of its white noise (a number or an expression), with a ``seed``;
        the model's own ``noise`` by default, ``{}`` for none.
    tolerance : of the adaptive method; ``Tolerance(rtol=1e-6)`` by default.

    Returns
    -------
    Dataset over ``time`` with units, every parameter's value, ``status`` ("complete" or "stopped"),
    ``reached`` and ``final_state``; passed as ``initial`` it is continued.

    Raises
    ------
    ModelError, UnknownNameError
        for names the model does not have and values that make no sense. A run that fails on its
        way returns what it has, warns, and says in ``status`` and ``reached`` where it stopped.

    Example
    -------
    >>> run = simulate(aln().with_parameters(mu_e=1.3), 2000, settle=1000)
    >>> run["r_E"].max()
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    inputs = checks.mapping("inputs", inputs, "{'I': Step('40 pA')}")
    if method is not None:
        checks.known("method", method, ["adaptive", *METHODS], "simulate")
    if discretisation is not None:
        checks.known("discretisation", discretisation, ["published"], "simulate")
    own = model.run
    if duration is None:
        if "duration" not in own:
            raise ModelError(f"{model.name} does not say how long to run; give a duration")
        duration = own["duration"]
    settle = own.get("settle", 0.0) if settle is None else settle
    bound = checked_bounds(own.get("bounds") if bounds is None else bounds)
    if method is None and dt is None and not discretisation:
        method, dt = own.get("method"), own.get("dt") if own.get("method") else None
    if discretisation and method not in (None, "euler"):
        raise ModelError(
            f"the published discretisation is forward Euler; leave out method={method!r}"
        )
    noise = model.noise if noise is None else checks.mapping("noise", noise, "{'x': 0.1}")
    if seed is not None:
        checks.seed(seed)
        if not noise:
            raise ModelError("a seed acts on noise, and there is none; give noise, or leave it out")
    if method is None and not (noise or discretisation or dt is not None or _rough(inputs)):
        method = "adaptive"
    if tolerance is not None:
        checks.instance("tolerance", tolerance, Tolerance, "Tolerance(rtol=1e-6)")
    if method == "adaptive":
        if noise or discretisation or dt is not None or _rough(inputs):
            raise ModelError(
                "the adaptive method takes no dt, no noise and no discretisation; choose "
                "method='rk4', 'heun' or 'euler' for these"
            )
        return _adaptive(
            model, duration, inputs or {}, initial, record, settle, sample,
            tolerance or Tolerance(), bound,
        )  # fmt: skip
    if tolerance is not None:
        raise ModelError("a tolerance belongs to the adaptive method; fixed steps take dt")
    usual = "euler" if discretisation else "heun" if noise else "rk4"
    chosen = scheme(model, method or usual, dt, discretisation, noise)
    points = arrange(model, None, None, None if seed is None else [seed])
    task, names = prepare(
        model, duration, points, chosen, inputs or {}, initial, record, settle, sample, bound
    )
    task.run()
    result = dataset(task, points, names, chosen.attributes(settle))
    return result if seed is None else result.isel(seed=0)


def _rough(inputs: Mapping[str, Any] | None) -> bool:
    """Whether an input is noise, which no adaptive method can follow."""
    return any(getattr(item, "rough", False) for item in (inputs or {}).values())


def _adaptive(
    model: VectorField,
    duration: float,
    inputs: Mapping[str, Any],
    initial: Initial,
    record: Sequence[str] | str | None,
    settle: float,
    sample: float | None,
    tolerance: Tolerance,
    bound: float,
) -> xr.Dataset:
    names, columns = record_columns(model, record)
    spacing = default_step(model) if sample is None else checks.number("sample", sample, above=0)
    count = whole_steps("duration", duration, spacing, least=1)
    settle = checks.number("settle", settle, least=0)
    result = run_adaptively(
        model, spacing * np.arange(count + 1), -float(settle), float(duration),
        checked_inputs(model, with_own_inputs(model, inputs, model.parameter_array()[None]), 1),
        initial, names, columns, tolerance, bound,
    )  # fmt: skip
    result.attrs["settle"] = float(settle)
    return result
