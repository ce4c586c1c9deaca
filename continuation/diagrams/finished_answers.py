"""What was found stable in a diagram, kept as soon as it is known (``dynsys.journal``)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.cycles.storage import cycle_of_record, cycle_record
from continuation.diagrams.answers import Answer, Dispute
from continuation.diagrams.closing import Piece
from continuation.diagrams.finished import Kept
from continuation.diagrams.probing import Findings, Prober
from dynsys.journal import Form, key
from dynsys.vector_field import VectorField


def faces(prober: Prober, loose: Sequence[LineString], known: Sequence[Answer]) -> Kept:
    """Answer and dispute of a face, by the face: cut by what was found so far."""
    about = _about(prober)
    ends, told = [piece.wkb.hex() for piece in loose], [_told(answer) for answer in known]

    def name(face: Polygon) -> str:
        return key("face", *about, face.wkb.hex(), ends, told)

    form = Form(
        lambda found: [_plain(found[0]), _dispute(found[1])],
        lambda content: (_again(prober.model, content[0]), _disputed(prober.model, content[1])),
    )
    return Kept(name, form)


def closed_faces(prober: Prober, known: Sequence[Answer] = ()) -> Kept:
    """The parts of a face in dispute and the number of places asked, by the face."""
    about, model = [*_about(prober), [_told(answer) for answer in known]], prober.model

    def name(task: Piece) -> str:
        face, answer, dispute, *_ = task
        told = [_told(answer), *([_told(dispute.inmost), _told(dispute.other)] if dispute else [])]
        return key("closed face", *about, face.wkb.hex(), told)

    form = Form(
        lambda found: [[_plain_piece(part) for part in found[0]], found[1]],
        lambda content: ([_piece(model, part) for part in content[0]], content[1]),
    )
    return Kept(name, form)


def _plain_piece(part: Piece) -> list[Any]:
    return [
        part.face.wkb.hex(),
        _plain(part.answer),
        _dispute(part.dispute),
        part.mixed,
        part.bands,
    ]


def _piece(model: VectorField, content: Sequence[Any]) -> Piece:
    face, answer, dispute, *mixed = content
    again = _again(model, answer), _disputed(model, dispute)
    return Piece(shapely.from_wkb(face), *again, *mixed)


def _about(prober: Prober) -> list[Any]:
    """What determines the answers besides the place: the model and everything found."""
    return [prober.model.digest, dict(prober.model.parameters), prober.axes, _hash(prober.findings)]


def _hash(findings: Findings) -> str:
    content = hashlib.sha256()
    for branch in (*findings.boundaries(), *findings.lines, *findings.cycles):
        for name in sorted(map(str, branch.data.data_vars)):
            values = branch.data[name].values
            content.update(name.encode())
            content.update(values.tobytes() if values.dtype != object else repr(values).encode())
    for found in findings.cycles:
        for orbit in found.orbits:
            content.update(orbit.mesh.tobytes() + orbit.u.tobytes() + orbit.z.tobytes())
    return content.hexdigest()


def _told(answer: Answer) -> list[Any]:
    cycles = [[c.orbit.u, c.orbit.z] for c in answer.cycles]
    return [answer.place, answer.values, answer.kinds, answer.equilibria, cycles]


# --- as plain data ------------------------------------------------------------------------------


def _plain(answer: Answer) -> list[Any]:
    stable = [
        {k: cycle_record(v) if k == "cycle" else v for k, v in item.items()}
        for item in answer.stable
    ]
    return [answer.place, answer.values, stable, answer.equilibria, answer.simulated]


def _again(model: VectorField, content: Sequence[Any]) -> Answer:
    place, values, items, equilibria, simulated = content
    stable = [
        {k: cycle_of_record(model, v) if k == "cycle" else v for k, v in item.items()}
        for item in items
    ]
    return Answer(np.asarray(place), values, stable, equilibria, simulated)


def _dispute(dispute: Dispute | None) -> list[Any] | None:
    return None if dispute is None else [_plain(dispute.inmost), _plain(dispute.other)]


def _disputed(model: VectorField, content: Sequence[Any] | None) -> Dispute | None:
    if content is None:
        return None
    inmost, other = (_again(model, part) for part in content)
    return Dispute(inmost, other)
