"""The table for users of ntwk names what there is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "docs" / "ntwk.md").read_text()
NAMES = sorted(set(re.findall(r"`((?:dynsys|continuation|stimulation|validation)\.[\w.]+)`", TEXT)))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_table_can_be_imported(name):
    if name.startswith("validation"):
        pytest.importorskip("validation")
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return
    pytest.fail(f"{name} cannot be imported")


def test_networks_of_the_table_are_in_the_library():
    from dynsys.transfer import NETWORKS

    assert {"RS-FS-2017", "spectrum2018"} <= set(NETWORKS)
