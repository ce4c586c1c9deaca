"""The first program a user writes, as written."""

from __future__ import annotations

import pytest

from dynsys import simulate
from dynsys.models import aln
from stimulation import ElectricField, Step, arnold_tongue, transition_threshold


def test_the_first_program_runs_as_written():
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    run = simulate(
        model,
        3000,
        inputs={"mu_e": Step("40 pA", start=1000, stop=2000)},
        discretisation="published",
    )
    assert float(run["r_E"].sel(time=1999.9)) == pytest.approx(14.485, abs=5e-4)
    assert run["r_E"].attrs["units"] == "Hz"
    current = ElectricField(dendrite_length=1200).current("1 V/m", frequency=30)
    assert current == pytest.approx(15.751, abs=5e-4)
    tongue = arnold_tongue(
        model,
        input="mu_e",
        ratio=(1, 1),
        amplitudes=["1 pA", "4 pA", "20 pA"],
        method="simulation",
    )
    # Continuous time: the folds and torus points of the locked cycles, by continuation.
    assert tongue.edges("4 pA") == pytest.approx((21.921, 23.136), abs=0.015)
    found = transition_threshold(model, Step("1 pA"), to_state="up")
    assert found.amplitude == pytest.approx(19.0, abs=0.2)
    assert found.method and found.prediction == pytest.approx(19.015, abs=0.02)
