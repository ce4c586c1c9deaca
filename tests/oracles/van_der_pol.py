"""van der Pol mu=1.

Source: van der Pol 1926.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="van_der_pol",
    states=["x", "y"],
    parameters={"mu": 1.0},
    definitions={},
    equations={"x": "y", "y": "mu*(1-x**2)*y-x"},
    points=[
        {
            "type": "LC",
            "par": "mu",
            "p": 1.0,
            "T": 6.6632868593,
            "mult": [1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        }
    ],
    phase_response={
        "mu": 1.0,
        "T": 6.6632868593,
        "phase0": "x maximum",
        "norm": "Z.F=1",
        "samples": [
            [0, [2.0086198609, 0], [-1.366875211, -0.497854283]],
            [0.25, [0.8556088012, -1.2897799649], [-0.70080112, -0.080021664]],
        ],
    },
)
