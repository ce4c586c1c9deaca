"""Delay systems with exact or converged digits: Hopf points, characteristic roots, cycles.

Sources: each system names its own. Roots are pairs (real, imaginary) of the exact characteristic
equation; Hopf points solve it on the imaginary axis; cycles come from DDE-BIFTOOL as said.
"""

from __future__ import annotations

from math import acos, pi, sqrt

from tests.oracles import System

# Hutchinson 1948; roots of the linearization at N = 1 are Lambert's W_k(-r).
HUTCHINSON = System(
    name="hutchinson",
    states=["N"],
    parameters={"r": 1.5},
    equations={"N": "r*N*(1 - delay(N, 1))"},
    ranges={"N": (0.0, 4.0)},
    points=[
        {
            "type": "H",
            "par": "r",
            "p": pi / 2,
            "x": [1.0],
            "omega": pi / 2,
            "T": 4.0,
            "verified": "exact",
        },
        {
            "type": "roots",
            "par": "r",
            "p": 1.5,
            "x": [1.0],
            "roots": [
                [-0.03278373591557, 1.54964382335],
                [-1.650900508847, 7.641199666844],
                [-2.244746304842, 13.97793437904],
            ],
            "verified": "exact, W_k(-r)",
        },
        {
            "type": "roots",
            "par": "r",
            "p": 2.0,
            "x": [1.0],
            "roots": [
                [0.17281600284, 1.673686413741],
                [-1.360749424409, 7.678589079817],
                [-1.955456866287, 13.99837336537],
            ],
            "verified": "exact, W_k(-r)",
        },
    ],
)

# Mackey & Glass 1977, beta = 2, gamma = 1, n = 10: the equilibrium 1 has slope 2 - 10 = -8 / 2.
MACKEY_GLASS = System(
    name="mackey_glass",
    states=["x"],
    parameters={"tau": 0.4},
    definitions={"x_tau": "delay(x, tau)"},
    equations={"x": "2*x_tau/(1 + x_tau^10) - x"},
    ranges={"x": (0.2, 1.6)},
    points=[
        {
            "type": "H",
            "par": "tau",
            "p": acos(-1 / 4) / sqrt(15),
            "x": [1.0],
            "omega": sqrt(15),
            "verified": "exact",
        },
        {
            "type": "PD",
            "par": "tau",
            "p": 1.3249215258,
            "T": 3.9196496082,
            "mult": [
                -1,
                1,
                [0.05133706, 0.04525682],
                [0.05133706, -0.04525682],
                [0.0086738, 0.0061395],
            ],
            "verified": "DDE-BIFTOOL 40x5 and 70x6 agree to 1e-9",
        },
        {
            "type": "LC",
            "par": "tau",
            "p": 0.6,
            "T": 2.007651873161,
            "mult2": 0.2613258505,
            "verified": "DDE-BIFTOOL",
        },
        {
            "type": "LC",
            "par": "tau",
            "p": 1.0,
            "T": 3.11654441288,
            "mult": [
                1,
                -0.5342798427,
                [-0.0115445447, 0.0136239811],
                [-0.0115445447, -0.0136239811],
                -0.0032094939,
            ],
            "verified": "DDE-BIFTOOL",
        },
        {
            "type": "LC",
            "par": "tau",
            "p": 1.2,
            "T": 3.623730099922,
            "mult2": -0.8112295535,
            "verified": "DDE-BIFTOOL",
        },
    ],
)

# The two-neuron demo of DDE-BIFTOOL (Shayer & Campbell 2000), three delays.
NEURON = System(
    name="delayed_neuron",
    states=["x1", "x2"],
    parameters={"a12": 1.0, "a21": 0.5, "ts": 1.5},
    equations={
        "x1": "-0.5*x1 - tanh(delay(x1, ts)) + a12*tanh(delay(x2, 0.2))",
        "x2": "-0.5*x2 - tanh(delay(x2, ts)) + a21*tanh(delay(x1, 0.2))",
    },
    ranges={"x1": (-2.0, 2.0), "x2": (-2.0, 2.0)},
    points=[
        {
            "type": "H",
            "par": "a21",
            "p": 0.80712322496798,
            "x": [0.0, 0.0],
            "omega": 0.78196516212093,
            "T": 8.0351217823281,
            "verified": "exact characteristic equation",
        },
        {"type": "BP", "par": "a21", "p": 2.25, "x": [0.0, 0.0], "verified": "exact"},
        {
            "type": "HH",
            "pars": {"a21": 0.2072962660744, "ts": 8.6340742188674},
            "x": [0.0, 0.0],
            "omegas": [0.32871540660808, 0.91571158786444],
            "verified": "exact characteristic equation; DDE-BIFTOOL 0.2072962661, 8.6340742204",
        },
        {
            "type": "roots",
            "par": "a21",
            "p": 0.5,
            "x": [0.0, 0.0],
            "roots": [
                [-0.033277106063423, 0.897759158711612],
                [-0.294864479860484, 1.470448390361629],
                [-0.999681246958585, 5.226105394501114],
            ],
            "verified": "exact characteristic equation",
        },
        {
            "type": "LC",
            "par": "a21",
            "p": 1.0,
            "T": 8.768262164144,
            "mult": [1, 0.73721205, [0.02447247, 0.03022897], [0.02447247, -0.03022897]],
            "verified": "DDE-BIFTOOL",
        },
        {
            "type": "LC",
            "par": "a21",
            "p": 1.5,
            "T": 11.348616095235,
            "mult": [1, 0.29363348],
            "verified": "DDE-BIFTOOL",
        },
        {
            "type": "LC",
            "par": "a21",
            "p": 2.0,
            "T": 16.825358266052,
            "mult": [1, 0.07180484],
            "verified": "DDE-BIFTOOL",
        },
        {"type": "HOM", "par": "a21", "p": 2.3459965, "verified": "DDE-BIFTOOL, period 268"},
    ],
)

# Every amplitude A has the exact solution x = A cos t (test of DDEBifurcationKit).
SINUS = System(
    name="delayed_sinus",
    states=["x"],
    parameters={"A": 1.0, "tau": pi / 2},
    definitions={"x_tau": "delay(x, tau)"},
    equations={"x": "-x_tau + (x^2 + x_tau^2 - A^2)^2*x"},
    ranges={"x": (-2.0, 2.0)},
    points=[
        {
            "type": "LC",
            "par": "A",
            "p": 1.0,
            "T": 2 * pi,
            "log_mult": [  # 4 W_k(-pi/2), modulo 2 pi i
                [0.0, 0.0],
                [-6.417163653792045, -0.8271574313995605],
                [-8.793370519927757, -0.623834539656118],
                [-10.266815687546782, -0.503218647834753],
            ],
            "verified": "exact",
        }
    ],
)

# Wilson-Cowan with one delay T (Coombes & Laing 2009), slope 60.
WILSON_COWAN = System(
    name="delayed_wilson_cowan",
    states=["u", "v"],
    parameters={"T": 0.1},
    equations={
        "u": "-u + 1/(1 + exp(-60*(0.7 - delay(u, T) - 0.4*delay(v, T))))",
        "v": "-v + 1/(1 + exp(-60*(0.5 - delay(u, T))))",
    },
    ranges={"u": (0.0, 1.0), "v": (0.0, 1.0)},
    points=[
        {
            "type": "H",
            "par": "T",
            "p": 0.1281218529012,
            "x": [0.6869001592642, 1.348378049e-5],
            "omega": 12.86561867788,
            "verified": "exact characteristic equation",
        }
    ],
)

SYSTEMS = (HUTCHINSON, MACKEY_GLASS, NEURON, SINUS, WILSON_COWAN)
