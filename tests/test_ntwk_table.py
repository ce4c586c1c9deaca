"""The table for users of ntwk names what there is."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "docs" / "ntwk.md").read_text()
NAMES = sorted(set(re.findall(r"`((?:dynsys|continuation|stimulation|validation)\.[\w.]+)`", TEXT)))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_table_can_be_imported(name):
    assert pkgutil.resolve_name(name) is not None


def test_networks_of_the_table_are_in_the_library():
    from dynsys.transfer import NETWORKS

    assert {"RS-FS-2017", "spectrum2018", "spectrum2018-disinhibited"} <= set(NETWORKS)
