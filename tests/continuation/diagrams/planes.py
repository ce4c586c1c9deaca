"""Planes of published models on which diagrams are held against brute force.

``python -m tests.continuation.diagrams.planes NAME [points]`` computes one, audits it, mends it by
further audits where that fails, and prints what it cost.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections.abc import Callable

from continuation import Diagram, bifurcation_diagram
from dynsys import State, VectorField
from dynsys.models import (
    aln,
    fitzhugh_nagumo,
    hodgkin_huxley,
    jansen_rit,
    master_equation,
    morris_lecar,
    wilson_cowan,
)

Axis = tuple[str, float, float]


def honeybees() -> VectorField:
    """Value-sensitive decision, equal alternatives (Pais et al. 2013, PLoS ONE 8)."""
    return VectorField(
        "honeybees", {"A": State(0.1, (0, 1)), "B": State(0.1, (0, 1))}, {"mu": 3.0, "sigma": 1.0},
        {"A": "mu*U - A/mu + mu*A*U - sigma*A*B", "B": "mu*U - B/mu + mu*B*U - sigma*A*B"},
        definitions={"U": "1 - A - B"}, time_unit="",
    )  # fmt: skip


def symmetric_pair() -> VectorField:
    """Two populations that inhibit each other: S(s) = 1 / (1 + exp(-8 s))."""
    return VectorField(
        "pair", {"u": State(0.1, (0, 1)), "v": State(0.2, (0, 1))}, {"I": 0.5, "w": 6.0},
        {"u": "-u + 1/(1 + exp(-8*(I - w*v/8)))", "v": "-v + 1/(1 + exp(-8*(I - w*u/8)))"},
        time_unit="",
    )  # fmt: skip


def hindmarsh_rose() -> VectorField:
    """Bursting neuron (Hindmarsh & Rose 1984, Proc. R. Soc. B 221)."""
    return VectorField(
        "hindmarsh_rose",
        {"x": State(-1.0, (-2, 2.5)), "y": State(-5.0, (-15, 1)), "z": State(2.0, (0, 5))},
        {"I": 2.0, "b": 3.0},
        {"x": "y - x^3 + b*x^2 - z + I", "y": "1 - 5*x^2 - y", "z": "0.006*(4*(x + 1.6) - z)"},
        time_unit="",
    )  # fmt: skip


def delayed_qif() -> VectorField:
    """Exact mean field of QIF neurons with a delay (Pazo & Montbrio 2016, PRL 116)."""
    return VectorField(
        "delayed_qif", {"r": State(0.1, (0, 3)), "v": State(-1.0, (-4, 3))},
        {"eta": -5.0, "J": 15.0, "Delta": 1.0, "D": 1.0},
        {"r": "Delta/pi + 2*r*v", "v": "v^2 + eta + J*delay(r, D) - (pi*r)^2"}, time_unit="",
    )  # fmt: skip


def di_volo() -> VectorField:
    """Master equation of first order (di Volo et al. 2019), without subthreshold adaptation."""
    return master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0)


def adapting() -> VectorField:
    """The AdEx mean field with adaptation."""
    return aln().with_parameters(a=15, b=40)


def published_wiring() -> VectorField:
    """The AdEx mean field as wired in the published code."""
    return aln(wiring="published")


PLANES: dict[str, tuple[Callable[[], VectorField], Axis, Axis]] = {
    "fitzhugh_nagumo": (fitzhugh_nagumo, ("I", -0.5, 2.0), ("b", 0.2, 2.0)),
    "morris_lecar": (morris_lecar, ("I", 0, 200), ("v3", 0, 20)),
    "wilson_cowan": (wilson_cowan, ("P", -2, 4), ("Q", -10, 2)),
    "delayed_qif": (delayed_qif, ("eta", -10, 5), ("J", -20, 20)),
    "hindmarsh_rose": (hindmarsh_rose, ("I", 0, 4), ("b", 2.5, 3.3)),
    "jansen_rit": (jansen_rit, ("p", 0, 400), ("C", 50, 250)),
    "hodgkin_huxley": (hodgkin_huxley, ("I", 0, 160), ("gK", 10, 60)),
    "di_volo": (di_volo, ("drive", 0, 10), ("b", 0, 60)),
    "aln": (aln, ("mu_e", 0, 3), ("mu_i", 0, 3)),
    "aln_adapting": (adapting, ("mu_e", 1, 5), ("mu_i", 0, 4)),
    "aln_published": (published_wiring, ("mu_e", 0, 3), ("mu_i", 0, 3)),
    "honeybees": (honeybees, ("sigma", 0.1, 8), ("mu", 1.2, 5)),
    "symmetric_pair": (symmetric_pair, ("I", 0, 1.5), ("w", 2, 10)),
}


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(name: str, points: int = 300) -> None:
    """Compute, audit and tell."""
    make, x, y = PLANES[name]
    model, wall, cpu = make(), time.time(), _processor_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diagram = bifurcation_diagram(model, x=x, y=y)
    print(f"{name}: {_processor_time() - cpu:.0f} s of processor, {time.time() - wall:.0f} s")
    print(diagram)
    share = sum(region["area"] for region in diagram.unresolved())
    cpu, audit = _processor_time(), diagram.audit(points=points, seed=7)
    print(f"unresolved {100 * share:.2g} %\n{audit}")
    print(f"audit: {_processor_time() - cpu:.0f} s of processor", flush=True)
    if not audit.passed:
        cpu, again = _processor_time(), mended(diagram, points)
        print(f"mended: {_processor_time() - cpu:.0f} s of processor")
        print(again, again.audit(points=points, seed=7), sep="\n")


def mended(diagram: Diagram, points: int = 300) -> Diagram:
    """A diagram mended by audits of other points than those that are to judge it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return diagram.mended(points=points, seed=1000)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
