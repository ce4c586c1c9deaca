"""How a finite network fluctuates about a stable state: what spectra are made of.

For current-based neurons the population rate is A = r + G A + noise, the noise that of N
independent renewal processes: S = (1 - G)^-1 diag(C / N) (1 - G)^-H. For the master equation,
linear noise of its own: S = (i w - J)^-1 D (i w - J)^-H with D = F (1/T - F) / (N T).

Sources: Lindner, Doiron & Longtin 2005, Phys Rev E 72:061919; Schwalger, Deger & Gerstner 2017,
PLOS Comput Biol 13:e1005507; El Boustani & Destexhe 2009, Neural Comput 21:46-100.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from continuation.asynchronous.state import AsynchronousState, asynchronous_state
from dynsys import checks
from dynsys.errors import ModelError
from dynsys.models.aln_network import is_aln
from dynsys.models.master_equation_network import is_master_equation
from dynsys.vector_field import VectorField

_ONE_SIDED = 2.0
_HIGHEST, _FILTERED_HIGHEST = 3e3, 3e5  # Hz: of single spikes; of rates that fall as 1/f
_KILO = 1000.0
_LEAST_NEURONS = 2
_KNOWN: WeakKeyDictionary[VectorField, dict[Any, AsynchronousState]] = WeakKeyDictionary()
_LEAST_SPIKES = 1.0  # of a population within the memory of its state


@dataclass(frozen=True)
class Fluctuations:
    """Fluctuations of the rates of one state.

    Parameters
    ----------
    names : of the rates, "r_E" or "nu_e".
    rates : (n,) Hz.
    cross : frequencies (k,) in Hz, above 0 -> spectra (k, n, n), one-sided, Hz^2/Hz.
    floor : (n,) what the power tends to at high frequencies.
    root : leading eigenvalue, 1/ms.
    highest : Hz from which on only the floor is left.
    """

    names: tuple[str, ...]
    rates: np.ndarray
    cross: Callable[[np.ndarray], np.ndarray]
    floor: np.ndarray
    root: complex
    highest: float


def fluctuations_of(
    model: VectorField,
    neurons: int | Mapping[str, int],
    state: Sequence[float] | np.ndarray | None = None,
    **options: object,
) -> Fluctuations:
    """The fluctuations of a model's network with so many neurons per population.

    Raises ModelError for models without a theory, states that are unstable, too few neurons.
    """
    checks.instance("model", model, VectorField, "aln() or master_equation(...)")
    if is_aln(model):
        found = _of_aln(model, neurons, state, **options)
    elif is_master_equation(model):
        if options:
            raise ModelError(f"{', '.join(options)} belongs to aln(), not to {model.name}")
        found = _of_master_equation(model, neurons, state)
    else:
        raise ModelError(
            f"no theory of the fluctuations behind {model.name} is known; there is one for aln() "
            "and master_equation(...)"
        )
    counts = _counts(neurons, [name[2:] if name[1] == "_" else name[3:] for name in found.names])
    _check_spikes(found, counts)
    return found


def _of_aln(
    model: VectorField,
    neurons: int | Mapping[str, int],
    state: Sequence[float] | np.ndarray | None,
    **options: object,
) -> Fluctuations:
    counts = _counts(neurons, "EI")
    found = _state_of(model, state, options)
    refuse_unstable(model, found.growth_rate, found.frequency)
    for name in ("K_e", "K_i"):
        if model.parameters[name] > min(counts.values()):
            raise ModelError(
                f"a network of {min(counts.values())} neurons per population cannot have "
                f"{name} = {model.parameters[name]:g} inputs per neuron without repetition; use "
                f"neurons >= {model.parameters[name]:g}"
            )
    sizes, loop = np.array(list(counts.values()), float), found.loop

    def cross(frequencies: np.ndarray) -> np.ndarray:
        gain, noise = loop.fluctuations(2j * np.pi * frequencies / _KILO)
        inverse = np.linalg.inv(np.eye(2) - gain)
        shaped = inverse * (noise / sizes)[:, None, :]
        return _ONE_SIDED * _KILO * shaped @ np.conj(np.swapaxes(inverse, 1, 2))

    rates = _KILO * np.array(loop.rates)
    root = complex(found.growth_rate, 2 * np.pi * found.frequency) / _KILO
    return Fluctuations(("r_E", "r_I"), rates, cross, _ONE_SIDED * rates / sizes, root, _HIGHEST)


def _state_of(
    model: VectorField,
    state: Sequence[float] | np.ndarray | None,
    options: Mapping[str, object],
) -> AsynchronousState:
    """The asynchronous state, found once per model: other sizes and frequencies cost little."""
    given = None if state is None else np.asarray(state, float).tobytes()
    key = (given, tuple(sorted(options.items())))
    known = _KNOWN.setdefault(model, {})
    if key not in known:
        known[key] = asynchronous_state(model, state, **options)  # type: ignore[arg-type]
    return known[key]


def _of_master_equation(
    model: VectorField,
    neurons: int | Mapping[str, int],
    state: Sequence[float] | np.ndarray | None,
) -> Fluctuations:
    names = tuple(name for name in model.states if name.startswith("nu_"))
    counts = _counts(neurons, [name[3:] for name in names])
    x = model.equilibrium().state if state is None else model._full(state)
    jacobian = model.jacobian(x)
    spectrum = np.linalg.eigvals(jacobian)
    leading = complex(spectrum[np.argmax(spectrum.real)])
    root = complex(leading.real, abs(leading.imag))
    refuse_unstable(model, _KILO * root.real, _KILO * root.imag / (2 * np.pi))
    index = [list(model.states).index(name) for name in names]
    rates, T = x[index], model.parameters["T"]
    sizes = np.array(list(counts.values()), float)
    strength = rates * (_KILO / T - rates) / (sizes * T)  # Hz^2 per ms

    def cross(frequencies: np.ndarray) -> np.ndarray:
        omega = 2j * np.pi * frequencies / _KILO
        matrices = omega[:, None, None] * np.eye(len(x)) - jacobian
        found = np.linalg.inv(matrices)[:, index][:, :, index]
        return _ONE_SIDED / _KILO * (found * strength) @ np.conj(np.swapaxes(found, 1, 2))

    floor = np.zeros(len(names))
    return Fluctuations(names, rates, cross, floor, root, _FILTERED_HIGHEST)


def refuse_unstable(model: VectorField, growth_rate: float, frequency: float) -> None:
    """ModelError for a state from which fluctuations grow: it has no spectrum."""
    if growth_rate < 0:
        return
    values = ", ".join(f"{k}={v:g}" for k, v in list(model.parameters.items())[:2])
    raise ModelError(
        f"the constant state of {model.name} is unstable here ({values}, ...): a perturbation of "
        f"{frequency:.4g} Hz grows at {growth_rate:.4g} 1/s, so that fluctuations about it have no "
        "spectrum. Choose values on the stable side of the boundary (asynchronous_state.hopf_points"
        " locates it for aln), or follow the rhythm with limit_cycles"
    )


def _counts(neurons: int | Mapping[str, int], labels: Sequence[str]) -> dict[str, int]:
    """Neurons of every population."""
    if isinstance(neurons, Mapping):
        given = checks.mapping("neurons", neurons, "{'E': 4000, 'I': 1000}")
        missing = [label for label in labels if label not in given]
        if missing or len(given) != len(labels):
            raise ModelError(f"neurons names {list(given)}; the populations are {list(labels)}")
        return {k: checks.whole(f"neurons of {k}", given[k], least=_LEAST_NEURONS) for k in labels}
    count = checks.whole("neurons", neurons, least=_LEAST_NEURONS)
    return dict.fromkeys(labels, count)


def _check_spikes(found: Fluctuations, counts: Mapping[str, int]) -> None:
    """ModelError where a population is silent on the time scale of its own memory."""
    memory = -1.0 / (_KILO * found.root.real)  # s
    for name, rate, count in zip(found.names, found.rates, counts.values(), strict=True):
        spikes = rate * count * memory
        if spikes < _LEAST_SPIKES:
            raise ModelError(
                f"{count} neurons at {name} = {rate:.3g} Hz make {spikes:.2g} spikes within the "
                f"{1000 * memory:.3g} ms in which the state relaxes: their noise is no small "
                f"perturbation. Use neurons >= {int(np.ceil(1 / (rate * memory)))}"
            )
