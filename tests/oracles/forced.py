"""Periodically forced systems: tongue edges, period doublings and orbits of the period map.

Source: non-autonomous shooting with DOP853, residual below 1e-13. The forcing is a second
oscillator's angle written as the pair (c, s) = (cos, sin), so the systems are autonomous.
"""

from __future__ import annotations

from math import pi

from tests.oracles import System

# x'' = mu (1 - x^2) x' - x + F cos(om t): edges of the 1:1 tongue, saddle-nodes of period-1 orbits.
VAN_DER_POL = System(
    name="forced_van_der_pol",
    states=["x", "y", "c", "s"],
    parameters={"mu": 0.5, "F": 0.1, "om": 1.0},
    equations={
        "x": "y",
        "y": "mu*(1 - x^2)*y - x + F*c",
        "c": "c*(1 - c^2 - s^2) - om*s",
        "s": "s*(1 - c^2 - s^2) + om*c",
    },
    points=[
        {"type": "SN", "fixed": {"F": 0.1}, "om": [0.95891610049, 1.01014130147]},
        {"type": "SN", "fixed": {"F": 0.2}, "om": [0.93251027418, 1.03536349759]},
        {
            "type": "SN",
            "fixed": {"F": 0.3},
            "om": [0.90519826956, 1.06058280323],
            "mult2": [0.03265625, 0.07902189],
        },
    ],
)

# r' = 1/pi + 2 r v, v' = v^2 - 3 + 15 r - (pi r)^2 + A sin(pi t); x0 is (r, v) at t = 0.
QIF = System(
    name="forced_qif",
    states=["r", "v", "c", "s"],
    parameters={"A": 1.0, "om": pi},
    equations={
        "r": "1/pi + 2*r*v",
        "v": "v^2 - 3 + 15*r - (pi*r)^2 + A*s",
        "c": "c*(1 - c^2 - s^2) - om*s",
        "s": "s*(1 - c^2 - s^2) + om*c",
    },
    points=[
        {
            "type": "PD",
            "par": "A",
            "p": 5.079812440856,
            "x0": [0.13456912, -1.81862612],
            "mult": [-1, -0.00546359],
            "T": 2.0,
        },
        {
            "type": "PD",
            "par": "A",
            "p": 1.786229986659,
            "x0": [0.30607463, -0.82778171],
            "mult": [-1, -0.07356568],
            "T": 2.0,
        },
        {
            "type": "orbit",
            "par": "A",
            "p": 1.0,
            "x0": [1.224002417011, 0.039254359934],
            "mult": [[-0.44844143, 0.40576186], [-0.44844143, -0.40576186]],
            "T": 2.0,
        },
        {
            "type": "orbit",
            "par": "A",
            "p": 6.0,
            "x0": [0.096444756841, -2.053506234823],
            "mult": [-0.3919692, -0.00344497],
            "T": 2.0,
        },
    ],
)

SYSTEMS = (VAN_DER_POL, QIF)
