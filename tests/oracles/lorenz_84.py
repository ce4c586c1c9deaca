"""extended Lorenz-84 (BifurcationKit tests).

Source: extended Lorenz-84, BifurcationKit.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="lorenz_84",
    states=["X", "Y", "Z", "U"],
    parameters={"F": 3.0, "T": 0.04, "G": 0.25},
    definitions={},
    equations={
        "X": "-Y**2-Z**2-0.25*X+0.25*F-0.987*U**2",
        "Y": "X*Y-X*Z-Y+G",
        "Z": "X*Y+X*Z-Z",
        "U": "-1.04*U+0.987*U*X+T",
    },
    points=[
        {
            "type": "LP",
            "par": "F",
            "p": 1.546648372598,
            "x": [1.311785525317, -0.04287499818492, 0.180389394151, -0.1570275849668],
            "abs_a": 3.5612914,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "F",
            "p": 1.619657820943,
            "x": [1.21882952363, -0.03567643637374, 0.1987094484733, -0.2454217495665],
            "omega": 0.295286816713,
            "re_g21_half": 0.864734632,
            "l1_kuznetsov": 2.928456615929681,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "F",
            "p": 2.467222123113,
            "x": [1.128963793498, -0.02496993140062, 0.2185896344458, -0.5384503042382],
            "omega": 0.7232059200225,
            "re_g21_half": -0.134874604,
            "l1_kuznetsov": -0.1864954368678341,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "F",
            "p": 2.859875412748,
            "x": [1.118508101041, -0.02341863796565, 0.2210307654058, -0.6253175858295],
            "omega": 1.171522646689,
            "re_g21_half": 0.303845582,
            "l1_kuznetsov": 0.25935954619293056,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "BT",
            "pars": {"F": 1.446716701115, "T": 0.02094016968332},
            "x": [1.22564049599, -0.0363207932711, 0.197288323112, -0.123390011985],
            "abs_a": 0.214423351,
            "abs_b": 0.606514552,
            "sign_ab": 1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "GH",
            "pars": {"F": 2.376360088248, "T": 0.05019743200847},
            "x": [1.15285369018, -0.028255256361, 0.213106903235, -0.512916929822],
            "omega": 0.6903674739581,
            "re_c2": 0.155801165,
            "verified": "mpmath (+AUTO to ~1e-5)",
        },
        {
            "type": "CP",
            "pars": {"F": 1.278283309881, "T": 0.0},
            "x": [1.05369807497, -0.0120597947822, 0.236645029689, 0.0],
            "abs_c": 7.04443617,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "ZH",
            "pars": {"F": 2.53322111, "T": 0.02627394},
            "verified": "AUTO; BifurcationKit 0.02627393",
        },
        {"type": "ZH", "pars": {"F": 1.283419296, "T": 0.000126540832}, "verified": "AUTO"},
        {
            "type": "LC",
            "par": "F",
            "p": 2.0,
            "T": 11.8933163962,
            "mult": [[-0.3583197222, 2.568426359], [-0.3583197222, -2.568426359], 1.26393032, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "F",
            "p": 2.5,
            "T": 8.74232483425,
            "mult": [-7.418131754, 1.748327054, -1.032201209, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
    ],
)
