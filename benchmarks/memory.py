"""Peak memory of large tasks, each in a process of its own, and the bound that each must keep.

Peaks do not grow with the number of points: an ensemble holds its recordings, a map a piece of
1024 cells at a time, a diagram its curves. Exit code 1 where a bound is broken.
"""

from __future__ import annotations

import subprocess
import sys

MEGABYTE = 2**20
# Name -> (program, bound in MB). What they need was measured on two cores; bounds leave half of it.
TASKS = {
    "all packages imported": (
        """
from continuation import bifurcation_diagram
from dynsys import simulate_ensemble
from validation import network_of
""",
        400,
    ),
    "ensemble of 100 000 runs, 1 s, 20 samples of one rate each": (
        """
import numpy as np
from dynsys import simulate_ensemble
from dynsys.models import montbrio_pazo_roxin
model = montbrio_pazo_roxin(delay=False, kinetics=False)
points = {"eta": np.linspace(-10, 5, 100_000)}
simulate_ensemble(model, 1000, points=points, record="rate", sample=50, warn=False)
""",
        600,
    ),
    "ensemble of 100 000 runs, 800 MB of recordings in a folder": (
        """
import tempfile
import numpy as np
from dynsys import simulate_ensemble
from dynsys.models import montbrio_pazo_roxin
model = montbrio_pazo_roxin(delay=False, kinetics=False)
points = {"eta": np.linspace(-10, 5, 100_000)}
with tempfile.TemporaryDirectory() as folder:
    simulate_ensemble(
        model, 1000, points=points, record="rate", sample=1, warn=False, out=folder
    )["rate"].max("time").compute()
""",
        800,
    ),
    "map of 251 x 9 cells, aln, 6 s each": (
        """
from dynsys import regime_map
from dynsys.models import aln
regime_map(aln(), ("mu_e", 0, 3, 251), ("mu_i", 0, 3, 9), starts=("low",))
""",
        700,
    ),
    "diagram of aln in mu_e, mu_i": (
        """
from continuation import bifurcation_diagram
from dynsys.models import aln
bifurcation_diagram(aln(), ("mu_e", 0, 3), ("mu_i", 0, 3), audit=0)
""",
        900,
    ),
    "network of 2 x 10 000 neurons, 1 s": (
        """
from dynsys.models import aln
from validation import network_of
network_of(aln(), neurons=10_000).run(1000, seed=1, mu_e=1.0, mu_i=0.5)
""",
        900,
    ),
    "12 new models of two states, compiled, a branch of each": (
        """
import os, tempfile, time
folder = tempfile.TemporaryDirectory()
os.environ["DYNSYS_CACHE_DIR"] = folder.name
from continuation import equilibria
from dynsys import VectorField
for k in range(12):
    model = VectorField(
        f"model_{k}", {"r": 0.1, "v": -1.0}, {"eta": 1.0, "J": 15.0},
        {"r": f"{1 + k / 100}/pi + 2*r*v", "v": "v**2 + eta + J*r - (pi*r)**2"}, time_unit="",
    )
    equilibria(model, "eta", (-8, 2))
""",
        600,
    ),
    "graph of 80 aln nodes, equilibrium and stability": (
        """
import sys
sys.path.insert(0, "benchmarks")
from graph import brain, connectome
from continuation import graph_equilibrium
graph_equilibrium(brain(connectome()[0])).unstable
""",
        500,
    ),
}
_PEAK = "\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def peak(program: str) -> float:
    """Megabytes that a process held at most (Linux counts in kilobytes, macOS in bytes)."""
    command = [sys.executable, "-W", "ignore", "-c", program + _PEAK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    return int(done.stdout.split()[-1]) * unit / MEGABYTE


def main() -> None:
    chosen = {k: v for k, v in TASKS.items() if len(sys.argv) < 2 or sys.argv[1] in k}
    broken = False
    for name, (program, bound) in chosen.items():
        found = peak(program)
        broken |= found > bound
        print(f"{name:<60} {found:>6.0f} MB of {bound}", flush=True)
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
