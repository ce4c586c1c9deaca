"""Brian2's compiled program: reproducible, not compiled twice, and the kernel's equal."""

from __future__ import annotations

import stat
import warnings

import numpy as np
import pytest

from dynsys.models import aln
from stimulation import Step
from validation import network_of
from validation.networks.programs import NetworkError, compiler_problem, program_for

A2 = aln(wiring="published").with_parameters(mu_e=1.6, mu_i=0.3)
pytestmark = pytest.mark.skipif(compiler_problem() is not None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def network():
    made = network_of(A2, 1000, engine="cpp_standalone")
    made.build()
    return made


@pytest.fixture(scope="module")
def run(network):
    return network.run(3000, seed=1)


def test_the_published_network_oscillates_at_30_hz(run):
    # Cakan & Obermayer 2020: about 30 Hz at A2.
    assert run.dominant_frequency("E").value == pytest.approx(30, abs=1)
    assert run.mean_rate("E").value == pytest.approx(29.9, abs=1)
    assert run.mean_rate("I").value == pytest.approx(8.7, abs=0.6)
    assert 0.1 < run.irregularity("E").value < 0.35  # the published CV of ISI


def test_brian2_and_the_kernel_agree_statistically(network, run):
    runs = {"brian": [run, network.run(3000, seed=2)]}
    kernel = network_of(A2, 1000, engine="kernel")
    runs["kernel"] = [kernel.run(3000, seed=s) for s in (1, 2, 3, 4)]
    for measure, least in (
        ("mean_rate", 0.015),
        ("dominant_frequency", 0.015),
        ("peak_rate", 0.04),
    ):
        for population in "EI":
            found = {
                name: np.array([getattr(r, measure)(population).value for r in several])
                for name, several in runs.items()
            }
            means = {name: values.mean() for name, values in found.items()}
            error = np.sqrt(sum(v.var(ddof=1) / len(v) for v in found.values()))
            bound = max(least * means["kernel"], 4 * error)
            assert abs(means["brian"] - means["kernel"]) < bound, (measure, population, found)


def test_the_same_seed_gives_the_same_run_and_another_another(network, run):
    short = [network.run(300, seed=seed) for seed in (1, 1, 2)]
    assert np.array_equal(short[0]["r_E"], short[1]["r_E"])
    assert np.array_equal(short[0]["spike_time_E"], short[1]["spike_time_E"])
    assert not np.array_equal(short[0]["r_E"], short[2]["r_E"])
    # A longer run begins like a shorter one.
    assert np.array_equal(short[0]["r_E"], run["r_E"][:3000])


def test_parameters_inputs_and_seeds_need_no_compilation(network):
    program = program_for(network.structure, 1)
    binary = program.folder / "main"
    before = binary.stat().st_mtime_ns
    rest = network.run(600, seed=1, mu_e=0.5, mu_i=0.5, b=40)
    driven = network.run(
        600, seed=1, mu_e=0.5, mu_i=0.5, b=40, inputs={"mu_e": Step("200 pA", start=300)}
    )
    assert binary.stat().st_mtime_ns == before
    assert np.array_equal(rest["r_E"][:3000], driven["r_E"][:3000])
    assert driven.mean_rate("E", after=350).value > rest.mean_rate("E", after=350).value + 10
    assert driven.attrs["build_seconds"] < 1


def test_inputs_begin_after_the_unrecorded_time(network):
    run = network.run(
        300, seed=1, settle=300, mu_e=0.0, mu_i=0.5, inputs={"mu_e": Step("600 pA", start=100)}
    )
    assert run.sizes["time"] == 3000
    assert run["r_E"][:1000].mean() < 1 < run["r_E"][1500:].mean()
    assert float(run["slow_time"][0]) == 0.0


def test_brians_interpreted_target_runs_the_same_network(run):
    interpreted = network_of(A2, 1000, engine="numpy").run(100, seed=1)
    assert interpreted.attrs["engine"] == "numpy"
    compiled = run.isel(time=slice(0, 1000))
    for name in ("r_E", "r_I"):  # the first volleys: a transient of 100 ms
        assert float(interpreted[name].mean()) == pytest.approx(
            float(compiled[name].mean()), rel=0.15
        )


@pytest.mark.slow(chosen=True)  # another program is compiled
def test_single_precision_changes_no_statistics():
    double, single = (
        network_of(A2, 1000, precision=p, engine="cpp_standalone").run(1500, seed=3)
        for p in ("double", "single")
    )
    assert single.mean_rate("E").value == pytest.approx(double.mean_rate("E").value, rel=0.05)


def test_without_a_compiler_the_kernel_runs_with_a_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match=r"g\+\+ and make not found \(apt install g\+\+ make\)"):
        run = network_of(A2, 1000, engine="cpp_standalone").run(100, seed=1)
    assert run.attrs["engine"] == "kernel"


def test_a_failed_compilation_shows_the_compilers_words(monkeypatch, tmp_path):
    compiler = tmp_path / "broken"
    compiler.write_text("#!/bin/sh\necho 'fatal error: no space in the register' >&2\nexit 1\n")
    compiler.chmod(compiler.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(NetworkError, match="no space in the register"):
        network_of(A2, 1000, engine="cpp_standalone").run(100)
    left = [p for p in (tmp_path / "cache" / "networks").iterdir() if p.is_dir()]
    assert not left  # nothing half made


def test_a_full_disk_is_named(network, monkeypatch):
    from dynsys.errors import StorageError

    monkeypatch.setenv("TMPDIR", "/proc/nowhere")
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    with warnings.catch_warnings(), pytest.raises(StorageError, match="TMPDIR"):
        warnings.simplefilter("ignore")
        network.run(100)
