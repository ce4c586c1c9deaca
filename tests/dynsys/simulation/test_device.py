"""Runs on a GPU, by numba's simulator: the same as the processor's to rounding."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dynsys import ModelError, UnknownNameError, simulate_ensemble
from dynsys.models import fitzhugh_nagumo, wilson_cowan
from dynsys.simulation import regime_map

ROOT = Path(__file__).parents[3]


def simulated(script: str, **more: str) -> str:
    """What a script prints where numba simulates a GPU; it must be said before numba is loaded."""
    paths = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_ENABLE_CUDASIM": "1", **more}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True, text=True, env=paths, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_runs_of_a_gpu_are_those_of_the_processor():
    """Of a model with tables, delays and edges between settling and recording; and in parts."""
    assert (
        simulated("""
        import numpy as np
        from dynsys import simulate_ensemble
        from dynsys.models import aln, montbrio_pazo_roxin, wilson_cowan
        from dynsys.simulation import device_runs
        cases = [
            (aln(), 3.0, {"points": {"mu_e": [0.4, 1.5], "d_e": [0.5, 0.7]}, "settle": 2.0}),
            (wilson_cowan(), 2.0, {"parameters": {"P": [-2.0, 0.0, 1.0]}, "method": "heun",
                                   "sample": 0.1, "record": ["E", "I"]}),
            (montbrio_pazo_roxin(), 4.0, {"parameters": {"eta": [-5.0, 1.0]}, "method": "euler"}),
        ]
        for model, duration, options in cases:
            here = simulate_ensemble(model, duration, **options)
            there = simulate_ensemble(model, duration, **options, device="cuda")
            for name in here.data_vars:
                if here[name].dtype.kind == "f":
                    np.testing.assert_allclose(there[name], here[name], rtol=1e-11, atol=1e-13)
                else:
                    assert (there[name].values == here[name].values).all()
            again = simulate_ensemble(model, duration, initial=there, **options, device="cuda") \\
                if "points" in options else None
        print("alike")
    """)
        == "alike\n"
    )


def test_parts_are_halved_where_memory_is_short():
    assert (
        simulated("""
        import warnings
        import numpy as np
        from dynsys import simulate_ensemble
        from dynsys.models import fitzhugh_nagumo
        from dynsys.simulation import device_runs
        real, sizes = device_runs._integrate, []
        def short(task, kernel, points):
            sizes.append(len(points))
            if len(points) > 3:
                raise MemoryError
            return real(task, kernel, points)
        device_runs._integrate, device_runs._SMALLEST = short, 2
        options = {"parameters": {"I": np.linspace(0, 1, 7)}, "dt": 0.1}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            there = simulate_ensemble(fitzhugh_nagumo(), 0.5, **options, device="cuda")
        words = [str(w.message) for w in caught if "memory" in str(w.message)]
        here = simulate_ensemble(fitzhugh_nagumo(), 0.5, **options)
        np.testing.assert_allclose(there["v"], here["v"], rtol=1e-12)
        print(sizes, len(words), "at a time" in words[0])
    """)
        == "[7, 3, 3, 1] 1 True\n"
    )


def test_a_map_of_a_gpu_is_that_of_the_processor():
    assert (
        simulated("""
        import numpy as np
        from dynsys.models import wilson_cowan
        from dynsys.simulation import regime_map
        options = {"x": ("P", -1.0, 1.0, 2), "y": ("Q", -4.0, -3.0, 2), "starts": {"a": [0.1, 0.2]},
                   "duration": 1.0, "settle": 0.5, "dt": 0.05}
        here, there = (regime_map(wilson_cowan(), **options, device=d) for d in ("cpu", "cuda"))
        np.testing.assert_allclose(there.data["maximum"], here.data["maximum"], rtol=1e-12)
        print("alike")
    """)
        == "alike\n"
    )


def test_without_a_gpu_it_is_said_and_nothing_is_imported():
    script = """
        import sys
        from dynsys import ModelError, simulate_ensemble
        from dynsys.models import fitzhugh_nagumo
        simulate_ensemble(fitzhugh_nagumo(), 1.0, {"I": [0.0, 0.5]})
        print("numba.cuda" in sys.modules and "numba.cuda.cudadrv.driver" in sys.modules)
    """
    assert simulated(script, NUMBA_ENABLE_CUDASIM="0") == "False\n"
    with pytest.raises(UnknownNameError, match="'cuda'"):
        simulate_ensemble(fitzhugh_nagumo(), 1.0, {"I": [0.0]}, device="cudo")


def test_what_a_gpu_does_not_do_is_said(monkeypatch):
    monkeypatch.setattr("dynsys.simulation.device_runs._unusable", lambda: "no driver")
    with pytest.raises(ModelError, match=r"NVIDIA GPU .*no driver.*leave device out"):
        simulate_ensemble(fitzhugh_nagumo(), 1.0, {"I": [0.0]}, device="cuda")
    monkeypatch.setattr("dynsys.simulation.device_runs._unusable", lambda: "")
    with pytest.raises(ModelError, match="neither a scheduler"):
        simulate_ensemble(fitzhugh_nagumo(), 1.0, device="cuda", scheduler="local")
    with pytest.raises(ModelError, match="inputs or noise"):
        simulate_ensemble(
            fitzhugh_nagumo(), 1.0, {"I": [0.0]}, device="cuda", noise={"v": 0.1}, seeds=[1],
            method="euler",
        )  # fmt: skip
    with pytest.raises(ModelError, match="without a scheduler"):
        regime_map(wilson_cowan(), ("P", 0, 1, 2), ("Q", 0, 1, 2), device="cuda", scheduler="local")
