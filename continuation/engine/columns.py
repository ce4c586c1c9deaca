"""Names of columns of results, which no state, observable or free parameter may have."""

from __future__ import annotations

from collections.abc import Iterable

from dynsys.errors import ModelError

OF_BRANCHES = frozenset(
    [
        "coordinate", "coordinates", "eigenvalue_imag", "eigenvalue_real", "mode", "neutral",
        "piece", "point", "stable", "unfolding", "unstable",
    ]
)  # fmt: skip
OF_CYCLES = frozenset(
    [
        "angle", "coordinate", "delay_error", "frequency", "intervals", "mesh", "mesh_node", "mode",
        "multiplier_angle", "multiplier_error", "multiplier_imag", "multiplier_log10",
        "multiplier_real", "neutral", "node", "period", "point", "profile", "sensitivity", "stable",
        "trivial_error", "undetermined", "unknown", "unknowns", "unstable",
    ]
)  # fmt: skip


def check_apart(owner: str, names: Iterable[str], columns: frozenset[str]) -> None:
    """ModelError where a name is that of a column: the results would hold one of the two."""
    for name in names:
        if name in columns:
            raise ModelError(
                f"{owner}: {name!r} is also the name of a column of results, which would hide it; "
                f"call it {name}_ in the model"
            )
