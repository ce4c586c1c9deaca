"""Every branch of cycles that a test follows is held to account."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.cycles.branch import CycleBranch
from continuation.cycles.location import AT_PLACE


def unexplained(branch: CycleBranch) -> list[int]:
    """Steps of a branch in which the number of unstable multipliers changes at no special point."""
    steps = np.flatnonzero(np.diff(branch.data["unstable"].values))
    return sorted(set(steps.tolist()) - {c.index for c in branch.special_points})


@pytest.fixture(autouse=True)
def every_branch_explains_itself(monkeypatch):
    """Counts change at special points alone, and every label is proven."""
    made = CycleBranch.__init__

    def checked(self, *args, **kwargs):
        made(self, *args, **kwargs)
        assert unexplained(self) == []
        for cycle in self.special_points:
            if "multiplier_distance" in cycle.certificate and cycle.trivial_error < AT_PLACE:
                assert cycle.certificate["multiplier_distance"] <= AT_PLACE

    monkeypatch.setattr(CycleBranch, "__init__", checked)
