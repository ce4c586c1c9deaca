"""Normal forms and other systems whose bifurcations are known in closed form.

Source: Kuznetsov 2004, Elements of Applied Bifurcation Theory, chapters 3, 8 and 9; each record
says how its numbers follow. Coefficients are in the normalization of tests.oracles, ||q|| = 1: in
z' = i z + c z |z|^2 the critical vector is q = (1, -i) / sqrt(2), so z = sqrt(2) w, and Re c1 is
2 Re c (the fifth-order coefficient of a Bautin point is 4 times that of z |z|^4).
"""

from __future__ import annotations

from math import pi, sqrt

from tests.oracles import System

# z' = (mu + i w) z - (1 + i b) |z|^2 z: r = sqrt(mu), frequency w - b mu, multiplier exp(-2 mu T).
STUART_LANDAU = System(
    name="stuart_landau",
    states=["x", "y"],
    parameters={"mu": -0.5, "w": 2.0, "b": 0.7},
    equations={
        "x": "mu*x - w*y - (x^2 + y^2)*(x - b*y)",
        "y": "w*x + mu*y - (x^2 + y^2)*(b*x + y)",
    },
    ranges={"x": (-1.5, 1.5), "y": (-1.5, 1.5)},
    points=[
        {
            "type": "H",
            "par": "mu",
            "p": 0.0,
            "x": [0.0, 0.0],
            "omega": 2.0,
            "re_g21_half": -2.0,
            "l1_kuznetsov": -1.0,
            "verified": "exact",
        }
    ],
)

# r' = r (beta1 + beta2 r^2 - r^4), angle' = 1: cycles fold at beta1 = -beta2^2 / 4 for beta2 > 0.
BAUTIN = System(
    name="bautin",
    states=["x", "y"],
    parameters={"beta1": -1.0, "beta2": 1.0},
    definitions={"R": "x^2 + y^2", "growth": "beta1 + beta2*R - R^2"},
    equations={"x": "growth*x - y", "y": "x + growth*y"},
    ranges={"x": (-1.5, 1.5), "y": (-1.5, 1.5)},
    points=[
        {
            "type": "H",
            "par": "beta1",
            "p": 0.0,
            "x": [0.0, 0.0],
            "omega": 1.0,
            "re_g21_half": 2.0,
            "l1_kuznetsov": 2.0,
            "verified": "exact, beta2 = 1",
        },
        {
            "type": "GH",
            "pars": {"beta1": 0.0, "beta2": 0.0},
            "x": [0.0, 0.0],
            "omega": 1.0,
            "re_c2": -4.0,
            "verified": "exact",
        },
        {"type": "LPC", "par": "beta1", "p": -0.25, "T": 2 * pi, "verified": "exact, r^2 = 1/2"},
    ],
)

# x' = beta1 + beta2 x - x^3: folds 27 beta1^2 = 4 beta2^3.
CUSP = System(
    name="cusp",
    states=["x"],
    parameters={"beta1": -1.0, "beta2": 1.0},
    equations={"x": "beta1 + beta2*x - x^3"},
    ranges={"x": (-2.0, 2.0)},
    points=[
        {
            "type": "LP",
            "par": "beta1",
            "p": side * 2 / (3 * sqrt(3)),
            "x": [-side / sqrt(3)],
            "abs_a": sqrt(3),
            "verified": "exact, beta2 = 1",
        }
        for side in (-1, 1)
    ]
    + [
        {
            "type": "CP",
            "pars": {"beta1": 0.0, "beta2": 0.0},
            "x": [0.0],
            "abs_c": 1.0,
            "verified": "exact",
        }
    ],
)

# x' = y, y' = beta1 + beta2 x + x^2 - x y: folds 4 beta1 = beta2^2, Hopf beta1 = 0 for beta2 < 0,
# homoclinic beta1 = -(6/25) beta2^2 + O(|beta2|^(5/2)).
BOGDANOV_TAKENS = System(
    name="bogdanov_takens",
    states=["x", "y"],
    parameters={"beta1": -0.5, "beta2": -1.0},
    equations={"x": "y", "y": "beta1 + beta2*x + x^2 - x*y"},
    ranges={"x": (-2.0, 2.0), "y": (-2.0, 2.0)},
    points=[
        {
            "type": "LP",
            "par": "beta1",
            "p": 0.25,
            "x": [0.5, 0.0],
            "abs_a": 2.0,
            "verified": "exact, beta2 = -1",
        },
        {
            "type": "H",
            "par": "beta1",
            "p": 0.0,
            "x": [0.0, 0.0],
            "omega": 1.0,
            "re_g21_half": -0.25,
            "l1_kuznetsov": -0.25,
            "verified": "exact, beta2 = -1",
        },
        {
            "type": "BT",
            "pars": {"beta1": 0.0, "beta2": 0.0},
            "x": [0.0, 0.0],
            "abs_a": 1.0,
            "abs_b": 1.0,
            "sign_ab": -1,
            "verified": "exact",
        },
    ],
)

SYSTEMS = (STUART_LANDAU, BAUTIN, CUSP, BOGDANOV_TAKENS)
