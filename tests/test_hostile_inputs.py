"""Hostile inputs are answered in words: no exception but the toolbox's own reaches the user."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.hostile import KINDS, hostile_calls, outcome

EXAMPLES = 150


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_inputs_raise_only_the_toolboxs_own_errors(kind):
    raw = []

    @seed(16)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(hostile_calls(kind))
    def run(call):
        error = outcome(call)
        if error is not None:
            raw.append(f"{type(error).__name__}: {error} of {call}")

    run()
    assert not raw, "\n".join(raw)
