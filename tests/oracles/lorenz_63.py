"""Lorenz 63, sigma=10 beta=8/3.

Source: Lorenz 1963.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="lorenz_63",
    states=["x", "y", "z"],
    parameters={"rho": 28.0, "sigma": 10.0, "beta": 2.6666666666666665},
    definitions={},
    equations={"x": "sigma*(y-x)", "y": "rho*x-y-x*z", "z": "x*y-beta*z"},
    ranges={"x": (-20.0, 20.0), "y": (-25.0, 25.0), "z": (0.0, 50.0)},
    points=[
        {"type": "BP", "par": "rho", "p": 1.0, "verified": "exact"},
        {
            "type": "H",
            "par": "rho",
            "p": 24.736842105263158,
            "verified": "exact: sigma(sigma+beta+3)/(sigma-beta-1), subcritical",
        },
        {
            "type": "PD",
            "par": "rho",
            "p": 229.40670856147,
            "T": 0.480866820311,
            "mult": [-1, -0.00139921, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "PD (2nd)",
            "par": "rho",
            "p": 218.2101277778,
            "T": 0.987948936383,
            "mult": [-1, -1.37e-06, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "HOM",
            "par": "rho",
            "p": 13.926557,
            "verified": "AUTO demo lrz 13.9266; literature",
        },
    ],
)
