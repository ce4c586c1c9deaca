"""Freire circuit (AUTO demo tor, MatCont torBPC), a3=.328578 b3=.933578.

Source: Freire circuit, AUTO demo tor.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="freire_circuit",
    states=["x", "y", "z"],
    parameters={"nu": -0.9, "be": 0.5, "eps": 0.0},
    definitions={},
    equations={
        "x": "(-(be+nu)*x+be*y-0.328578*x**3+0.933578*(y-x)**3)/0.6",
        "y": "be*x-(be-0.6)*y-z-0.933578*(y-x)**3",
        "z": "y+eps",
    },
    points=[
        {
            "type": "H",
            "par": "nu",
            "p": -0.5893364779918,
            "x": [0, 0, 0],
            "omega": 0.7734486061349,
            "re_g21_half": -0.456363002,
            "l1_kuznetsov": -0.5900366208952791,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "nu",
            "p": -0.584334771866,
            "T": 8.42647292,
            "mult": [2.686333161, 1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "BPC",
            "par": "nu",
            "p": -0.587028974367,
            "T": 8.689669621302,
            "mult": [1.1748195, 1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "note": "Z2-symmetric branch",
        },
        {
            "type": "NS",
            "par": "nu",
            "p": -0.591650195032,
            "T": 8.7941517464,
            "mult": [1, [0.8201780869, 0.572108299], [0.8201780869, -0.572108299]],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "note": "on the branch bifurcating at BPC",
        },
        {
            "type": "PD",
            "par": "nu",
            "p": -0.614955221138,
            "T": 9.26630332057,
            "mult": [1, -1, -0.4790700702],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "note": "same branch",
        },
        {
            "type": "PD",
            "par": "nu",
            "p": -0.617354318544,
            "T": 18.5535371509,
            "mult": [1, -1, -0.2186030159],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "note": "second PD, doubled branch",
        },
    ],
)
