"""adaptive control (MatCont).

Source: adaptive control system of the MatCont manual.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="adaptive_control",
    states=["x", "y", "z"],
    parameters={"al": 10.0, "be": 1.0},
    definitions={},
    equations={"x": "y", "y": "z", "z": "-al*z-be*y-x+x**2"},
    ranges={"x": (-1.0, 1.0), "y": (-1.0, 1.0), "z": (-1.0, 1.0)},
    points=[
        {
            "type": "H",
            "par": "al",
            "p": 1.0,
            "x": [0, 0, 0],
            "omega": 1.0,
            "re_g21_half": -0.3,
            "l1_kuznetsov": -0.3,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "PD",
            "par": "al",
            "p": 0.63030200616,
            "T": 6.36407133944,
            "mult": [1, -1, -0.01811007379],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "al",
            "p": 0.8,
            "T": 6.32862720646,
            "mult": [1, 0.1072092254, 0.05901705618],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "PD",
            "par": "al",
            "p": 0.81012451208,
            "T": 7.19680665728,
            "mult": [1, -1, -0.00293716784],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"be": 0.8},
        },
        {
            "type": "PD",
            "par": "al",
            "p": 0.342714966888,
            "T": 5.34207211684,
            "mult": [1, -1, -0.160283995],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"be": 1.4},
        },
        {
            "type": "PD (2nd)",
            "par": "al",
            "p": 0.5796299,
            "T": 12.73437,
            "verified": "MatCont manual",
        },
        {
            "type": "LPC on doubled branch",
            "par": "al",
            "p": -0.04494912,
            "T": 11.03168,
            "verified": "MatCont manual",
        },
        {
            "type": "R2 on PD curve",
            "pars": {"al": 0.0, "be": 1.698711},
            "T": 4.841835,
            "verified": "MatCont manual",
        },
        {
            "type": "R2 on PD curve",
            "pars": {"al": 0.0, "be": 0.6782783},
            "T": 9.058318,
            "verified": "MatCont manual",
        },
    ],
    phase_response={
        "al": 0.8,
        "T": 6.3286272065,
        "phase0": "x maximum",
        "norm": "Z.F=1",
        "samples": [
            [0, [0.54331034022, 0, -0.41528703373], [-1.351417589, -2.427495205, -0.096394309]],
            [
                0.25,
                [0.1415903268, -0.4068927485, -0.0428743001],
                [-0.497535516, 2.027434458, 2.767033063],
            ],
            [
                0.5,
                [-0.3337276195, -0.0588902289, 0.4452597509],
                [2.693678911, 2.61946866, -0.052188238],
            ],
        ],
    },
)
