"""Two coupled nodes."""

from __future__ import annotations

import networkx as nx
import pytest

from dynsys import couple
from dynsys.models import wilson_cowan

PAIR = nx.DiGraph([("a", "b"), ("b", "a")])


@pytest.fixture(scope="module")
def pair():
    return couple(
        wilson_cowan(), PAIR, source="E", target="P", weight="K", delay="tau",
        parameters={"K": 0.5, "tau": 2.0},
    )  # fmt: skip
