"""Transfer functions in files: coefficients with conventions, cell, quality and provenance."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dynsys.cells.parameters import AdExCell, Cell, EquationCell, HodgkinHuxleyCell
from dynsys.errors import StorageError
from dynsys.serialization import to_dict
from dynsys.spike_rule import ALL, SpikeRule
from dynsys.storage import write_atomically
from dynsys.transfer.fitting import Fit
from dynsys.transfer.functions import TransferFunction
from dynsys.typed import typed
from dynsys.vector_field import VectorField

FORMAT = 1
_KINDS: dict[str, type[Cell]] = {
    kind.__name__: kind for kind in (AdExCell, HodgkinHuxleyCell, EquationCell)
}


@typed
def save_transfer_function(fitted: Fit | TransferFunction, path: str | Path) -> Path:
    """Write a transfer function to a .json file, with the fit's quality and the grid's origin.

    Raises StorageError where the file cannot be written.

    Example
    -------
    >>> save_transfer_function(fit, "RS.json")
    """
    function = fitted.function if isinstance(fitted, Fit) else fitted
    content: dict[str, Any] = {
        "format": FORMAT,
        "name": function.name,
        "coefficients_mV": list(function.coefficients),
        "legacy_sigma": function.legacy_sigma,
        "adaptation": function.adaptation,
        "highest_output_Hz": function.highest_output,
        "highest_input_Hz": dict(function.highest_input),
        "network": function.network,
        "source": function.source,
        "cell": _cell_content(function.membrane),
    }
    if isinstance(fitted, Fit):
        content["quality"] = {
            "threshold_error_mV": fitted.threshold_error,
            "rate_error_Hz": fitted.rate_error,
            "largest_error_Hz": fitted.largest_error,
            "noise_Hz": fitted.noise,
            "points": int(fitted.grid["rate"].size),
        }
        content["grid"] = {k: _plain(v) for k, v in fitted.grid.attrs.items()}
    content["checksum"] = _checksum(content)
    text = json.dumps(content, indent=2) + "\n"
    return write_atomically(Path(path), lambda draft: draft.write_text(text))


def load_transfer_function(path: str | Path) -> TransferFunction:
    """Read a transfer function from a file; StorageError where it is missing or was changed.

    Files without a checksum (earlier ones, and edited ones whose line was removed) are read as is.

    Example
    -------
    >>> load_transfer_function("RS.json").coefficients
    """
    try:
        content = json.loads(Path(path).read_text())
        if content["format"] != FORMAT:
            raise StorageError(f"{path} has format {content['format']}; this one reads {FORMAT}")
        if content.pop("checksum", None) not in (None, _checksum(content)):
            raise StorageError(
                f"{path} was changed since it was written: its checksum differs; fit it again, or "
                "remove the checksum if the change is yours"
            )
        return TransferFunction(
            name=content["name"],
            cell=_cell(content["cell"]),
            coefficients=tuple(content["coefficients_mV"]),
            legacy_sigma=content["legacy_sigma"],
            adaptation=content["adaptation"],
            highest_output=content["highest_output_Hz"],
            highest_input=tuple(content["highest_input_Hz"].items()),
            network=content["network"],
            source=content["source"],
        )
    except StorageError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise StorageError(
            f"{path} holds no transfer function ({error!r}); fit it again"
        ) from error


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _cell_content(cell: Cell) -> dict[str, Any]:
    if isinstance(cell, EquationCell):
        own = {k: getattr(cell, k) for k in ("name", "g_L", "C_m", "E_L", "step")}
        rule = asdict(cell.rule) | {"ceiling": min(cell.rule.ceiling, 1e300)}
        return {"kind": "EquationCell", **own, "rule": rule, "field": to_dict(cell.field)}
    return {"kind": type(cell).__name__, **asdict(cell)}


def _cell(content: dict[str, Any]) -> Cell:
    values = dict(content)
    kind = _KINDS[values.pop("kind")]
    if kind is EquationCell:
        values["field"] = VectorField.from_dict(values["field"])
        values["rule"] = _rule(values["rule"])
    if kind is AdExCell and isinstance(values.get("running"), list):
        values["running"] = tuple(values["running"])
    return kind(**values)


def _rule(content: dict[str, Any]) -> SpikeRule:
    """A rule from a file; where ``running`` is not told yet, increments were called jumps."""
    if "jumps" in content:
        content = {"increments": content["jumps"], "running": ALL, **content}
        del content["jumps"]
    return SpikeRule(**content)
