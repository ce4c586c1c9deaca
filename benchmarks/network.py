"""Networks of 2 x 10 000 neurons: seconds per biological second, build time, memory.

Against a plain Brian2 script of the same network (published wiring, mu_e = 1.6, mu_i = 0.3 mV/ms),
written as its documentation suggests and compiled by Brian2's own C++ target: first and tenth run
of a sweep over mu_e. "CPU s" are processor seconds per biological second, which a busy machine
hardly changes: of our whole run, with its connections, against the plain script's simulation alone.

    python benchmarks/network.py [neurons] [biological seconds]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from dynsys.models import aln
from validation import network_of

# What a user of Brian2 writes: built and run anew for every value of a parameter.
PLAIN = '''
import sys
import numpy as np
from brian2 import *

n, seconds, mu_value, folder = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
set_device("cpp_standalone", directory=folder)
seed(1)
defaultclock.dt = 0.1*ms
C, taum, EL, DeltaT, VT = 200*pF, 20*ms, -65*mV, 1.5*mV, -50*mV
sigma = 1.5*mV/ms**0.5
space = dict(C=C, taum=taum, EL=EL, DeltaT=DeltaT, VT=VT, sigma=sigma, tau_e=2*ms, tau_i=5*ms)
text = """
dv/dt = (EL - v + DeltaT*exp((v - VT)/DeltaT))/taum {w} + mu + J_e*s_e + J_i*s_i + sigma*xi
        : volt (unless refractory)
ds_e/dt = -s_e*int(not_refractory)/tau_e : 1
ds_i/dt = -s_i*int(not_refractory)/tau_i : 1
"""
def population(mu, J_e, J_i, adapts, name):
    eqs = text.format(w="- w/C" if adapts else "")
    if adapts:
        eqs += "dw/dt = (a*(v + 80*mV) - w)/(200*ms) : amp (unless refractory)\\n"
    group = NeuronGroup(
        n, eqs, threshold="v > -40*mV", reset="v = -70*mV" + ("; w += b" if adapts else ""),
        refractory=1.5*ms, method="heun", name=name,
        namespace=dict(space, mu=mu*mV/ms, J_e=J_e*mV/ms, J_i=J_i*mV/ms, a=0*nS, b=0*pA),
    )
    group.v = "-100*mV + 10*mV*randn()"
    return group
E = population(mu_value, 2.43, -3.3, True, "E")
I = population(0.3, 2.60, -1.64, False, "I")
objects = []
for source, target, letter, jump, degree, delay in (
    (E, E, "e", 0.3/2.43, 800, 4), (I, E, "i", 0.5/3.3, 800, 4),
    (E, I, "e", 0.3/2.60, 200, 2), (I, I, "i", 0.5/1.64, 200, 2),
):
    s = f"s_{letter}_post"
    synapses = Synapses(source, target, on_pre=f"{s} += (1 - {s})*{jump}", delay=delay*ms)
    pre = np.concatenate([np.random.choice(n, degree, replace=False) for _ in range(n)])
    synapses.connect(i=pre, j=np.repeat(np.arange(n), degree))
    objects.append(synapses)
rates = [PopulationRateMonitor(g) for g in (E, I)]
spikes = [SpikeMonitor(g[:100]) for g in (E, I)]
Network(E, I, *objects, *rates, *spikes).run(seconds*second)
late = [float(np.mean(np.asarray(r.rate/Hz)[5000:])) for r in rates]
print("RATES", *late, "SIMULATED", device._last_run_time)
'''


def children_peak() -> float:
    """Largest memory of any process waited for, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def processor_time() -> float:
    """Processor seconds of this process and of its children that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


def own_peak() -> float:
    """Largest memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plain(neurons: int, seconds: float, mu_e: float) -> tuple[float, float, list[float]]:
    """Whole time of the plain script, the part it simulates, mean rates of E and I."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "plain.py"
        script.write_text(PLAIN)
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(script), str(neurons), str(seconds), str(mu_e), f"{folder}/out"],
            capture_output=True, text=True, check=True, cwd=folder,
        )  # fmt: skip
        whole = time.perf_counter() - start
    words = next(line for line in done.stdout.splitlines() if line.startswith("RATES")).split()
    return whole, float(words[4]), [float(words[1]), float(words[2])]


def ours(
    engine: str, neurons: int, seconds: float, method: str
) -> tuple[float, list[float], float, list[float]]:
    """Build time, times of the runs of a sweep over mu_e, processor time of the last, rates."""
    base = aln(wiring="published").with_parameters(mu_e=1.6, mu_i=0.3)
    network = network_of(base, neurons, engine=engine, method=method)
    build, times, rates = network.build(), [], []
    # A kernel's ten runs are affordable; Brian2's first, second and tenth say the same.
    for k in range(10) if engine == "kernel" else (0, 1, 9):
        start, busy = time.perf_counter(), processor_time()
        run = network.run(1000 * seconds, seed=1, mu_e=1.6 + 0.01 * k)
        busy = processor_time() - busy
        times.append(time.perf_counter() - start)
        if k == 0:
            rates = [run.mean_rate(p).value for p in "EI"]
    return build, times, busy, rates


def main(neurons: int = 10_000, seconds: float = 2.0) -> None:
    """Print the table."""
    print(f"2 x {neurons} neurons, {seconds:g} biological seconds a run; times in s\n")
    head = "build   first   last       CPU s   ratio   peak MB   <E>     <I>"
    print(f"{'':<42}{head}")
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["DYNSYS_CACHE_DIR"] = cache  # nothing is built yet
        for engine, method in (
            ("cpp_standalone", "euler"), ("cpp_standalone", "heun"),
            ("kernel", "euler"), ("kernel", "heun"),
        ):  # fmt: skip
            build, times, busy, rates = ours(engine, neurons, seconds, method)
            memory = own_peak() if engine == "kernel" else children_peak()
            rows.append((f"network_of, {engine}, {method}", build, times, busy, memory, rates))
        # Last: the largest memory of all children so far is then its own.
        whole, simulated, rates = plain(neurons, seconds, 1.6)
    reference = simulated / seconds
    show("plain Brian2 script, C++ standalone", None, [whole, whole], reference, reference,
         children_peak(), rates)  # fmt: skip
    for name, build, times, busy, memory, rates in rows:
        show(name, build, times, busy / seconds, reference, memory, rates)
        print(f"{'':<42}last run of the sweep: {whole / times[-1]:.1f} x the plain script")
    print(textwrap.dedent("""
        The plain script spends its time anew on drawing connections, code generation and
        compilation for every value; `method="heun"` of Brian2 is Euler's step for this noise.
        """))  # fmt: skip


def show(name, build, times, per_second, reference, memory, rates) -> None:
    """One line of the table."""
    print(
        f"{name:<42}{'' if build is None else f'{build:.1f}':>5}{times[0]:>8.1f}{times[-1]:>7.1f}"
        f"{per_second:>13.2f}{reference / per_second:>8.1f}"
        f"{'' if memory is None else f'{memory:.0f}':>10}{rates[0]:>8.2f}{rates[1]:>8.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main(*(f(v) for f, v in zip((int, float), sys.argv[1:], strict=False)))
