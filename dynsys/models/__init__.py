"""The model library: one file per model, each a function that returns a ``VectorField``.

``adex_neuron`` and ``lif_neuron`` return a ``SpikingNeuron`` instead, a field with spikes, and are
no part of ``LIBRARY``.
"""

from __future__ import annotations

from collections.abc import Callable

from dynsys.errors import unknown_name
from dynsys.models.adex_neuron import adex_neuron
from dynsys.models.aln import aln
from dynsys.models.ball_and_stick import ball_and_stick
from dynsys.models.fitzhugh_nagumo import fitzhugh_nagumo
from dynsys.models.hodgkin_huxley import hodgkin_huxley
from dynsys.models.jansen_rit import jansen_rit
from dynsys.models.lif_neuron import lif_neuron
from dynsys.models.master_equation import master_equation
from dynsys.models.montbrio_pazo_roxin import montbrio_pazo_roxin
from dynsys.models.morris_lecar import morris_lecar
from dynsys.models.neurolib_parameters import aln_of_neurolib
from dynsys.models.ring import ring
from dynsys.models.ring_stimulus import Blob, apparent_motion
from dynsys.models.wilson_cowan import wilson_cowan
from dynsys.vector_field import VectorField


class _Library(dict[str, Callable[..., VectorField]]):
    def __missing__(self, name: object) -> Callable[..., VectorField]:
        raise unknown_name("model", name, self, "the library")


LIBRARY: dict[str, Callable[..., VectorField]] = _Library(
    {
        "aln": aln,
        "ball_and_stick": ball_and_stick,
        "fitzhugh_nagumo": fitzhugh_nagumo,
        "hodgkin_huxley": hodgkin_huxley,
        "jansen_rit": jansen_rit,
        "master_equation": master_equation,
        "montbrio_pazo_roxin": montbrio_pazo_roxin,
        "morris_lecar": morris_lecar,
        "wilson_cowan": wilson_cowan,
    }
)

__all__ = [
    "LIBRARY",
    "adex_neuron",
    "aln_of_neurolib",
    "lif_neuron",
    *LIBRARY,
    "Blob",
    "apparent_motion",
    "ring",
]
