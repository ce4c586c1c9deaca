"""Models as plain data, so that every result file can tell, and rebuild, how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.doors import door
from dynsys.errors import StorageError
from dynsys.expressions.printing import to_text

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

FORMAT = 1
_texts: WeakKeyDictionary[VectorField, Mapping[str, Mapping[str, str]]] = WeakKeyDictionary()


def to_dict(model: VectorField) -> dict[str, Any]:
    """A model as JSON-ready data; tables are named by their content hash."""
    texts = _texts_of(model)
    return {
        "format": FORMAT,
        "name": model.name,
        "meaning": model.meaning,
        "states": {
            k: [s.initial, s.range, s.unit, s.meaning, s.lowest] for k, s in model.states.items()
        },
        "parameters": {
            k: [p.value, p.unit, p.meaning, p.positive, p.capacitance]
            for k, p in model.declared_parameters.items()
        },
        "values": dict(model.parameters),
        "definitions": dict(texts["definitions"]),
        "equations": dict(texts["equations"]),
        "observables": {
            k: [texts["observables"][k], o.unit, o.meaning, o.valid, o.beyond]
            for k, o in model.observables.items()
        },
        "tables": {k: t.digest for k, t in model.tables.items()},
        "attractors": None if model.attractors is None else asdict(model.attractors),
        "time_unit": model.time_unit,
        "source": model.source,
        "delay_order": model.delay_order,
        "inputs": dict(texts["inputs"]),
        "noise": dict(texts["noise"]),
        "sets": {k: dict(v) for k, v in model.sets.items()},
        "run": dict(model.run),
        "notes": list(model.notes),
    }


def _texts_of(model: VectorField) -> Mapping[str, Mapping[str, str]]:
    """Its expressions as texts, written once for all copies with other values."""
    family = model.unvalued or model
    if family not in _texts:
        quantities = {k: tuple(t.quantities) for k, t in family.tables.items()}
        groups: dict[str, Mapping[str, Any]] = {
            "definitions": family.definitions,
            "equations": family.equations,
            "observables": {k: o.expression for k, o in family.observables.items()},
            "inputs": family.inputs,
            "noise": family.noise,
        }
        _texts[family] = {
            name: {k: to_text(e, quantities) for k, e in group.items()}
            for name, group in groups.items()
        }
    return _texts[family]


@contextmanager
def reading() -> Iterator[None]:
    """What damaged data raises becomes a StorageError."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise StorageError(f"the stored model is damaged ({error!r}); compute it again") from error


def arguments(content: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with which ``VectorField`` makes the model again.

    Raises StorageError where the format is another or a table is not to be found.
    """
    if content["format"] != FORMAT:
        raise StorageError(
            f"the model is stored in format {content['format']}; this version reads {FORMAT}"
        )
    return {
        "name": content["name"],
        "meaning": content["meaning"],
        "states": {
            k: State(v[0], tuple(v[1]) if v[1] else None, *v[2:])
            for k, v in content["states"].items()
        },
        "parameters": {k: Parameter(*v) for k, v in content["parameters"].items()},
        "definitions": content["definitions"],
        "equations": content["equations"],
        "observables": {k: _observable(*v) for k, v in content["observables"].items()},
        "tables": {k: door("find_table")(v) for k, v in content["tables"].items()},
        "attractors": _attractors(content["attractors"]),
        "time_unit": content["time_unit"],
        "source": content["source"],
        "delay_order": content["delay_order"],
        # Models stored by earlier versions have none of these.
        "inputs": content.get("inputs"),
        "noise": content.get("noise"),
        "sets": content.get("sets"),
        "run": content.get("run"),
        "notes": content.get("notes", ()),
    }


def _observable(
    expression: Any, unit: str, meaning: str, valid: Any = None, beyond: str = ""
) -> Observable:
    return Observable(expression, unit, meaning, tuple(valid) if valid else None, beyond)


def _attractors(named: Mapping[str, Any] | None) -> Attractors | None:
    if named is None:
        return None
    borders, names, cycles = (tuple(named[k]) for k in ("borders", "names", "cycles"))
    return Attractors(named["observable"], borders, names, named["slow"], cycles)
