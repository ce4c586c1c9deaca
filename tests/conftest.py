"""Shared results: each expensive branch or diagram is computed once for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from continuation import bifurcation_diagram, equilibria
from dynsys.models import aln

# Machines are noisy: no time limits; where changes are checked, the same examples every time.
settings.register_profile("steady", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("steady")


def pytest_collection_modifyitems(items):
    """Where every change is checked, of the slow tests only the chosen: ``slow(chosen=True)``."""
    if not os.environ.get("CI"):
        return
    for item in items:
        slow = item.get_closest_marker("slow")
        if slow is not None and not slow.kwargs.get("chosen"):
            item.add_marker(pytest.mark.skip(reason="slow; `make test` without CI set runs it"))


@pytest.fixture(scope="session")
def aln_branch():
    return equilibria(aln().with_parameters(mu_i=0.5), parameter="mu_e", span=(0.0, 3.0))


@pytest.fixture(scope="session")
def aln_diagram():
    return bifurcation_diagram(aln(), x=("mu_e", 0, 3), y=("mu_i", 0, 3))


@pytest.fixture(scope="session")
def adapting_diagram():
    model = aln().with_parameters(a=15, b=40)
    return bifurcation_diagram(model, x=("mu_e", 1, 5), y=("mu_i", 0, 4))
