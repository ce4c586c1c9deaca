"""The QIF network in Brian2, as published: spikes at V = 100, reset to -100 after a pause.

``python -m validation.networks.qif_brian JOB.json RESULTS.npz`` in a process of its own: Brian2's
state is global.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.children import child_environment, python
from dynsys.numpy_files import read_arrays
from validation.brian import brian
from validation.networks.programs import NetworkError

if TYPE_CHECKING:
    from validation.networks.qif import QIFJob

PEAK = 100.0
_NEURONS = """
dv/dt = (v**2 + eta + drive(t) + J*tau*s)/tau : 1 (unless refractory)
eta : 1
s : Hz (linked)
"""
# All neurons see one synaptic variable: it belongs to a group of one.
_POOL = {True: "ds/dt = -s/tau_d : Hz", False: "s : Hz"}


def interpret(job: QIFJob) -> tuple[np.ndarray, np.ndarray]:
    """Run once; rate and s in kHz per step. Raises NetworkError where Brian2 fails."""
    with tempfile.TemporaryDirectory(prefix="dynsys-network-") as place:
        folder = Path(place)
        content = {
            "values": dict(job.values), "dt": job.dt, "steps": job.steps, "seed": job.seed,
            "target": job.engine, "lag": job.lag,
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(content))
        np.savez(
            folder / "arrays.npz", allow_pickle=False, eta=job.excitabilities(), drive=job.drive
        )
        files = [str(folder / name) for name in ("job.json", "arrays.npz", "results.npz")]
        command = python("-m", "validation.networks.qif_brian", *files)
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False,
            env=child_environment(),
        )  # fmt: skip
        if done.returncode:
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise NetworkError("Brian2 could not run the network:\n" + "\n".join(lines[-20:]))
        found = read_arrays(folder / "results.npz")
    return found["rate"], found["s"]


def main(arguments: list[str]) -> None:
    """Run the job of a file."""
    brian2 = brian()
    job = json.loads(Path(arguments[0]).read_text())
    arrays = read_arrays(arguments[1])
    brian2.prefs.codegen.target = job["target"]
    ms, p, count = brian2.ms, job["values"], len(arrays["eta"])
    brian2.defaultclock.dt = job["dt"] * ms
    namespace: dict[str, Any] = {
        "J": p["J"], "tau": p["tau"] * ms, "n": count, "peak": PEAK, "step": job["dt"] * ms,
        "drive": brian2.TimedArray(arrays["drive"], dt=job["dt"] * ms),
    }  # fmt: skip
    kinetics = "tau_d" in p
    if kinetics:
        namespace["tau_d"] = p["tau_d"] * ms
    pool = brian2.NeuronGroup(1, _POOL[kinetics], namespace=namespace, method="exact")
    group = brian2.NeuronGroup(
        count, _NEURONS, threshold="v > peak", reset="v = -peak", namespace=namespace, method="rk2",
        refractory=2 * p["tau"] / PEAK * ms,
    )  # fmt: skip
    group.s = brian2.linked_var(pool, "s", index=np.zeros(count, int))
    group.eta = arrays["eta"]
    group.v = np.tan(np.pi * (np.random.default_rng(job["seed"]).random(count) - 0.5)).clip(
        -PEAK, PEAK
    )
    objects = [pool, group]
    added = "s_post += 1/(n*tau_d)" if kinetics else "s_post += 1/(n*step)"
    # A spike stands at infinity half a refractory time after the crossing.
    delay = (job["lag"] * job["dt"] + p["tau"] / PEAK) * ms
    synapses = brian2.Synapses(group, pool, on_pre=added, delay=delay, namespace=namespace)
    synapses.connect()
    if not kinetics:
        # Pulses of one step: cleared when the neurons have read them.
        objects.append(pool.run_regularly("s = 0*Hz", dt=job["dt"] * ms, when="after_groups"))
    rate = brian2.PopulationRateMonitor(group)
    traced = brian2.StateMonitor(pool, "s", record=True, when="end")
    network = brian2.Network(*objects, synapses, rate, traced)
    network.run(job["steps"] * job["dt"] * ms)
    np.savez(
        arguments[2], allow_pickle=False, rate=np.asarray(rate.rate) / 1000,
        s=np.asarray(traced.s[0]) / 1000,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
