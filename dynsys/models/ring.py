"""The one-dimensional ring of conductance-based mean fields (Zerlaut et al. 2018).

Source: Zerlaut, Chemla, Chavane & Destexhe 2018, J Comput Neurosci 44:45-61, section 2.6 and
figures 7-9; its programs are ModelDB 234992.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from dynsys import checks
from dynsys.coupling.coupled_field import CoupledField
from dynsys.coupling.edges import Coupling
from dynsys.coupling.uniform import uniform_model
from dynsys.definition import Observable, Parameter, symbol
from dynsys.errors import ModelError
from dynsys.models.master_equation import master_equation
from dynsys.models.ring_graph import (
    PUBLISHED_LENGTH,
    PUBLISHED_NODES,
    PUBLISHED_STEP,
    checked,
    gaussian_ring,
    published_ring,
)
from dynsys.models.ring_stimulus import Blob
from dynsys.transfer.circuits import Circuit
from dynsys.typed import typed
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import networkx as nx
    import xarray as xr

DISCRETISATIONS = ("continuum", "published")
MILLISECONDS = 1000.0


@typed
def ring(
    circuit: str | Circuit = "zerlaut2018",
    discretisation: str = "continuum",
    *,
    l_exc: float = 5.0,
    l_inh: float = 1.0,
    v_c: float = 300.0,
    nodes: int = PUBLISHED_NODES,
    length: float = PUBLISHED_LENGTH,
    legacy_sigma: bool | None = None,
) -> Ring:
    """Excitatory-inhibitory units on a ring, with Gaussian connectivity and conduction delays.

    ``T nu_s' = F_s(nu_e_in + afferent, nu_i_in) - nu_s`` at every place x, where
    ``nu_s_in = drive (of e) + sum over places y of w_s(x - y) nu_s(y, t - |x - y| / v_c)``.

    Parameters
    ----------
    circuit : of ``master_equation``, with populations e and i, first order.
    discretisation : "continuum": periodic, weights that add up to 1, delays distance / v_c, so that
        the homogeneous state is that of the master equation and more nodes change little.
        "published": the arrays of the published programs (neighbourhood cut at 2.4 s.d., weights
        that add up to less than 1, delays in whole steps of 0.5 ms, stimulus on other coordinates,
        forward Euler).
    l_exc, l_inh : s.d. of the connectivity (mm).
    v_c : conduction velocity (mm/s); a parameter of the continuum ring.
    nodes, length : number of units and circumference (mm); 30 and 36 in the publication.
    legacy_sigma : see ``master_equation``; what the publication has where it is reproduced.

    Returns
    -------
    Ring, a VectorField with states ``nu_e_<node>``, ``nu_i_<node>`` in Hz; ``simulate`` runs it.

    Raises
    ------
    ModelError, UnknownNameError for sizes that are not positive, circuits without e and i.

    Example
    -------
    >>> run = ring("zerlaut2018", discretisation="published").simulate()
    >>> run["dV_N"].max()
    """
    checks.known("discretisation", discretisation, DISCRETISATIONS, "ring")
    published = discretisation == "published"
    widths = {"e": checked("l_exc", l_exc, "mm"), "i": checked("l_inh", l_inh, "mm")}
    speed, length = checked("v_c", v_c, "mm/s"), checked("length", length, "mm")
    if published and (nodes != PUBLISHED_NODES or length != PUBLISHED_LENGTH):
        raise ModelError(
            f"ring: the published discretisation has {PUBLISHED_NODES} nodes on "
            f"{PUBLISHED_LENGTH:g} mm; leave nodes and length out, or use the continuum one"
        )
    if not (isinstance(nodes, int) and nodes >= 3):
        raise ModelError(f"ring: {nodes!r} nodes; a ring has 3 or more")
    own = circuit.legacy_sigma if isinstance(circuit, Circuit) else published
    closed = master_equation(circuit, 1, own if legacy_sigma is None else legacy_sigma)
    if published:
        closed = _guarded(closed)
    graph = published_ring(widths, speed) if published else gaussian_ring(nodes, length, widths)
    return Ring(closed, graph, discretisation, length, widths, speed)


class Ring(CoupledField):
    """A ring of mean fields; made by ``ring``.

    ``positions`` (N,) and ``length`` in mm, ``discretisation``, ``widths`` of the connectivity (mm)
    and ``closed``, the master equation of one place that is connected only to itself.
    """

    positions: np.ndarray
    length: float
    discretisation: str
    widths: dict[str, float]
    closed: VectorField

    def __init__(
        self, closed: VectorField, graph: nx.DiGraph, discretisation: str, length: float,
        widths: dict[str, float], speed: float,
    ) -> None:  # fmt: skip
        published = discretisation == "published"
        delay = "delay" if published else f"{MILLISECONDS!r}*distance/v_c"
        couplings = [
            Coupling(f"nu_{s}", f"lateral_{s}", weight=f"w_{s}", delay=delay) for s in widths
        ]
        velocity = Parameter(speed, "mm/s", "conduction velocity", positive=True)
        super().__init__(
            open_node(closed, list(widths)), graph, couplings,
            {} if published else {"v_c": velocity}, (), "ring",
        )  # fmt: skip
        self.__dict__.update(
            meaning=f"ring of {len(self.nodes)} mean fields on {length:g} mm "
            f"({discretisation} discretisation)",
            positions=np.array([graph.nodes[k]["position"] for k in self.nodes]),
            length=length,
            discretisation=discretisation,
            widths=dict(widths),
            closed=closed,
        )

    @property
    def published(self) -> bool:
        return self.discretisation == "published"

    def homogeneous_state(self) -> dict[str, float]:
        """The stationary state that is the same everywhere; states and observables by name.

        In the published discretisation, whose weights add up to less than 1, this is not the state
        that its runs start from, which is that of the master equation (``resting_state``).
        """
        return dict(uniform_model(self).equilibrium().values)

    def resting_state(self) -> dict[str, float]:
        """The equilibrium of the master equation with the ring's parameters: where runs start."""
        values = {k: self.parameters[k] for k in self.closed.parameters}
        _ = self.closed.compiled  # loaded once for all values
        return dict(self.closed.with_parameters(**values).equilibrium().values)

    def distances(self, center: float) -> np.ndarray:
        """Distance (N,) of every unit from a place (mm), as the stimulus sees it."""
        if self.published:
            return np.linspace(0.0, self.length, len(self.nodes)) - center
        apart = np.abs(self.positions - center) % self.length
        return np.minimum(apart, self.length - apart)

    def middle(self) -> float:
        """Where a stimulus is by default (mm)."""
        if self.published:
            return float(np.linspace(0.0, self.length, len(self.nodes))[len(self.nodes) // 2])
        return float(self.positions[len(self.nodes) // 2])

    def simulate(
        self,
        stimulus: Blob | Sequence[Blob] | None = None,
        duration: float | None = None,
        *,
        dt: float | None = None,
        method: str | None = None,
        sample: float | None = None,
        record: Sequence[str] = (),
    ) -> xr.Dataset:
        """Run the ring from rest, with blobs of afferent activity on it.

        Parameters
        ----------
        stimulus : one ``Blob`` or several, which are added; a published one by default
            (15 Hz, s.d. 1.5 mm, 50 ms and 150 ms).
        duration : ms; until the last blob is over, at least 400 ms.
        dt, method, sample : as in ``simulate_nodes``: "rk4" with 0.1 ms and a record every 0.5 ms.
            The published discretisation is forward Euler with 0.5 ms and refuses others.
        record : further observables of the units, such as "sigma_V_e".

        Returns
        -------
        Dataset over ``time`` (ms) and ``x`` (mm): rates ``nu_e``, ``nu_i`` (Hz), ``afferent`` (Hz),
        the mean potential ``mu_V`` (mV) of a cell without afferent and the proxy of
        voltage-sensitive dyes ``dV_N`` = abs((mu_V - rest) / rest).

        Raises
        ------
        ModelError for steps and stimuli that make no sense.

        Example
        -------
        >>> run = ring("zerlaut2018").simulate(Blob(width=2.0))
        >>> run["nu_e"].max("x")
        """
        # The integrators compile on their first import; a model should not wait for them.
        from dynsys.simulation.graph_runs import Pattern, simulate_nodes

        blobs = _blobs(stimulus)
        if self.published and (dt or PUBLISHED_STEP, method or "euler") != (
            PUBLISHED_STEP, "euler"
        ):  # fmt: skip
            raise ModelError(
                "the published discretisation is forward Euler with steps of 0.5 ms, which its "
                "delays count; leave dt and method out, or use discretisation='continuum'"
            )
        step = PUBLISHED_STEP if self.published else dt
        duration = max([400.0, *(b.end for b in blobs)]) if duration is None else duration
        if sample is None and dt is None:
            sample = PUBLISHED_STEP
        rest = self.resting_state()
        middle = self.middle()
        patterns = [
            Pattern(b.profile(self.distances(middle if b.center is None else b.center)), b.course())
            for b in blobs
        ]
        states = list(self.node_model.states)
        run = simulate_nodes(
            self, duration, inputs={"afferent": patterns}, initial={k: rest[k] for k in states},
            record=[*states, "afferent", "mu_V", *record],
            method=method or ("euler" if self.published else "rk4"), dt=step, sample=sample,
        )  # fmt: skip
        return self._named(run, rest["mu_V_i"])

    def _named(self, run: xr.Dataset, rest: float) -> xr.Dataset:
        """Places in mm instead of node numbers, and the dye's proxy."""
        run = run.rename(node="x").assign_coords(
            x=("x", self.positions, {"units": "mm", "long_name": "place on the ring"})
        )
        if self.published:  # its programs store the potential one step late
            run["mu_V"].values[1:] = run["mu_V"].values[:-1].copy()
            run["mu_V"].values[0] = rest
        run["dV_N"] = abs((run["mu_V"] - rest) / rest)
        run["dV_N"].attrs = {
            "units": "",
            "long_name": "relative change of the mean potential (voltage-sensitive dye)",
        }
        run.attrs |= {
            "discretisation": self.discretisation,
            "length": self.length,
            "resting_potential": rest,
            **{f"l_{k}": v for k, v in self.widths.items()},
        }
        return run


def _blobs(stimulus: Blob | Sequence[Blob] | None) -> list[Blob]:
    if stimulus is None:
        return [Blob()]
    blobs = [stimulus] if isinstance(stimulus, Blob) else list(stimulus)
    for blob in blobs:
        if not isinstance(blob, Blob):
            raise ModelError(f"the stimulus {blob!r} is a {type(blob).__name__}; give Blobs")
    return blobs


def _guarded(closed: VectorField) -> VectorField:
    """With 1e-9 mV added to every sigma_V, as in the published programs: 3e-7 Hz in the maxima."""
    return _rewritten(
        closed,
        closed.name,
        {
            k: e + sympy.Float("1e-9") if k.startswith("sigma_V_") else e
            for k, e in closed.definitions.items()
        },
    )


def _rewritten(
    model: VectorField, name: str, definitions: dict[str, sympy.Expr],
    parameters: dict[str, Parameter] | None = None, observables: dict[str, Any] | None = None,
) -> VectorField:  # fmt: skip
    """A model with other definitions, and more parameters and observables."""
    return VectorField(
        name=name,
        meaning=model.meaning,
        states=model.states,
        parameters={**model.declared_parameters, **(parameters or {})},
        definitions=definitions,
        equations=model.equations,
        observables={**model.observables, **(observables or {})},
        time_unit=model.time_unit,
        source=model.source,
    ).with_parameters(**model.parameters)


def open_node(closed: VectorField, populations: Sequence[str]) -> VectorField:
    """A master equation whose recurrent rates come from outside: parameters ``lateral_<s>`` (Hz).

    Its observable ``mu_V`` is the mean potential of the inhibitory cells without the afferent.
    """
    for s in populations:
        if f"nu_{s}" not in closed.states:
            raise ModelError(
                f"ring: {closed.meaning} has no population {s!r}; its circuit needs e and i"
            )
    lateral: dict[Any, Any] = {symbol(f"nu_{s}"): symbol(f"lateral_{s}") for s in populations}
    arriving = [k for k in closed.definitions if k.startswith("nu_") and "_to_" in k]
    definitions = {
        k: e.xreplace(lateral) if k in arriving else e for k, e in closed.definitions.items()
    }
    quiet: dict[Any, Any] = {symbol("afferent"): sympy.S.Zero}
    for k in (*arriving, "mu_G_i", "mu_V_i"):
        definitions[f"{k}_without_afferent"] = definitions[k].xreplace(quiet)
        quiet[symbol(k)] = symbol(f"{k}_without_afferent")
    more: dict[str, Any] = {
        "afferent": Observable("afferent", "Hz", "stimulus, per excitatory synapse"),
        "mu_V": Observable(
            "mu_V_i_without_afferent", "mV", "mean potential of a cell without afferent"
        ),
    }
    parameters = {
        f"lateral_{s}": Parameter(0.0, "Hz", f"rate of {s} over lateral connections")
        for s in populations
    }
    return _rewritten(closed, f"{closed.name}_unit", definitions, parameters, more)
