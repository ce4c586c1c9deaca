"""Models as plain data, so that every result file can tell, and rebuild, how it was made."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dynsys.errors import StorageError
from dynsys.expressions.printing import to_text

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

FORMAT = 1


def to_dict(model: VectorField) -> dict[str, Any]:
    """A model as JSON-ready data; tables are named by their content hash."""
    quantities = {k: tuple(t.quantities) for k, t in model.tables.items()}

    def write(expression) -> str:
        return to_text(expression, quantities)

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
        "definitions": {k: write(e) for k, e in model.definitions.items()},
        "equations": {k: write(e) for k, e in model.equations.items()},
        "observables": {
            k: [write(o.expression), o.unit, o.meaning, o.valid, o.beyond]
            for k, o in model.observables.items()
        },
        "tables": {k: t.digest for k, t in model.tables.items()},
        "attractors": None if model.attractors is None else asdict(model.attractors),
        "time_unit": model.time_unit,
        "source": model.source,
        "delay_order": model.delay_order,
        "inputs": {k: write(e) for k, e in model.inputs.items()},
        "noise": {k: write(e) for k, e in model.noise.items()},
        "sets": {k: dict(v) for k, v in model.sets.items()},
        "run": dict(model.run),
        "notes": list(model.notes),
    }


def from_dict(content: dict[str, Any]) -> VectorField:
    """Rebuild a model; StorageError where the data is damaged or a table is not to be found."""
    from dynsys.definition import Attractors, Parameter, State
    from dynsys.vector_field import VectorField

    try:
        if content["format"] != FORMAT:
            raise StorageError(
                f"the model is stored in format {content['format']}; this version reads {FORMAT}"
            )
        named = content["attractors"]
        model = VectorField(
            name=content["name"],
            meaning=content["meaning"],
            states={
                k: State(v[0], tuple(v[1]) if v[1] else None, *v[2:])
                for k, v in content["states"].items()
            },
            parameters={k: Parameter(*v) for k, v in content["parameters"].items()},
            definitions=content["definitions"],
            equations=content["equations"],
            observables={k: _observable(*v) for k, v in content["observables"].items()},
            tables={k: _table(digest) for k, digest in content["tables"].items()},
            attractors=named
            and Attractors(
                named["observable"],
                tuple(named["borders"]),
                tuple(named["names"]),
                named["slow"],
                tuple(named["cycles"]),
            ),
            time_unit=content["time_unit"],
            source=content["source"],
            delay_order=content["delay_order"],
            inputs=content.get("inputs"),  # models stored by earlier versions have none
            noise=content.get("noise"),
            sets=content.get("sets"),
            run=content.get("run"),
            notes=content.get("notes", ()),
        )
        return model.with_parameters(**content["values"])
    except (KeyError, IndexError, TypeError) as error:
        raise StorageError(f"the stored model is damaged ({error!r}); compute it again") from error


def _observable(expression, unit, meaning, valid=None, beyond=""):
    from dynsys.definition import Observable

    return Observable(expression, unit, meaning, tuple(valid) if valid else None, beyond)


def _table(digest: str):
    from dynsys.transfer import find_table

    return find_table(digest)
