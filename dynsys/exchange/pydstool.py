"""``model.to_pydstool()``: our compiled field behind PyDSTool's Generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.errors import ModelError
from dynsys.exchange.pydstool_import import pydstool
from dynsys.exchange.pydstool_specification import pydstool_name

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField


def generator(
    model: VectorField,
    state_scales: np.ndarray | None = None,
    parameter_scales: Mapping[str, float] | None = None,
) -> Any:
    """A PyDSTool Generator (``Vode_ODEsystem``) that calls the compiled field and Jacobian.

    Every model can be one, with tables, and with delays as their transport lines. The Generator
    serves PyDSTool's PyCont and its Rhs and Jacobian; its own integrator would integrate a
    placeholder and is not for use, nor can it be pickled. Names that PyDSTool claims for itself
    (``e``, ``gamma``, ...) get a _.

    Parameters
    ----------
    state_scales : (n,); the Generator's variables are the states divided by them.
    parameter_scales : name -> scale; likewise.

    Raises
    ------
    DynsysError
        where PyDSTool is not installed.
    ModelError
        for names that PyDSTool cannot hold.

    Example
    -------
    >>> from dynsys.models import morris_lecar
    >>> ode = morris_lecar().to_pydstool()
    >>> ode.Rhs(0, {"V": -60.0, "w": 0.01}, asarray=True)
    """
    names = [pydstool_name(k) for k in model.state_names]
    parameters = [pydstool_name(k) for k in model.parameter_names]
    for name in [*names, *parameters]:
        if not name.isascii():
            raise ModelError(f"PyDSTool knows plain letters only; rename {name!r} of {model.name}")
    s = np.ones(len(names)) if state_scales is None else np.asarray(state_scales, float)
    r = np.array([(parameter_scales or {}).get(k, 1.0) for k in model.parameter_names])
    start = dict(zip(names, (model.initial_state() / s).tolist(), strict=True))
    values = dict(zip(parameters, (model.parameter_array() / r).tolist(), strict=True))
    dst = pydstool()
    made = dst.Generator.Vode_ODEsystem(
        dst.args(
            name=model.name, varspecs=dict.fromkeys(names, "0"), ics=start, pars=values,
            tdata=[0, 1],
        )
    )  # fmt: skip
    _answer(made, model, s, r)
    return made


def _answer(made: Any, model: VectorField, s: np.ndarray, r: np.ndarray) -> None:
    """Let a Generator's Rhs and Jacobian be the model's."""
    compiled = model.compiled
    names = [pydstool_name(k) for k in model.state_names]
    parameters = [pydstool_name(k) for k in model.parameter_names]
    order = np.argsort(names)  # PyDSTool keeps its variables in alphabetical order
    ratio = s[order][None, :] / s[order][:, None]

    def arguments(xdict: Any, pdict: Any) -> tuple[np.ndarray, np.ndarray]:
        given = made.pars if pdict is None else pdict
        x = np.array([float(xdict[k]) for k in names]) * s
        return x, np.array([float(given[k]) for k in parameters]) * r

    def rhs(t: float, xdict: Any, pdict: Any = None, asarray: bool = True) -> Any:
        out = np.empty(compiled.n)
        x, p = arguments(xdict, pdict)
        compiled.field(x, p, compiled.tables, out)
        out /= s
        return out[order] if asarray else dict(zip(names, out.tolist(), strict=True))

    def jacobian(t: float, xdict: Any, pdict: Any = None, asarray: bool = True) -> Any:
        out = np.empty((compiled.n, compiled.n))
        x, p = arguments(xdict, pdict)
        compiled.jacobian(x, p, compiled.tables, out)
        return out[np.ix_(order, order)] * ratio

    made.Rhs, made.Jacobian = rhs, jacobian
    made.haveJacobian = lambda: True
    made.haveJacobian_pars = lambda: False
