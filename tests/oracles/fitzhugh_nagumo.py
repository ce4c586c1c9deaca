"""FitzHugh-Nagumo a=.7 b=.8 eps=.08.

Source: FitzHugh 1961.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="fitzhugh_nagumo",
    states=["v", "w"],
    parameters={"I": 0.0, "b": 0.8},
    definitions={},
    equations={"v": "v-v**3/3-w+I", "w": "0.08*(v+0.7-b*w)"},
    points=[
        {
            "type": "H",
            "par": "I",
            "p": 0.3312813374547,
            "x": [-0.9674709297958, -0.3343386622448],
            "omega": 0.2755068057236,
            "re_g21_half": 0.267784648,
            "l1_kuznetsov": 0.9719710817911803,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "I",
            "p": 0.3241785225,
            "T_approx": 68.3,
            "verified": "AUTO only (canard: I good to 1e-9, T ill-determined)",
        },
    ],
)
