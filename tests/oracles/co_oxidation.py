"""CO oxidation / catalytic oscillator (MatCont, BifurcationKit).

Source: CO oxidation, MatCont manual.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="co_oxidation",
    states=["x", "y", "s"],
    parameters={"q2": 1.1, "k": 0.4},
    definitions={"z": "1-x-y-s"},
    equations={"x": "5*z**2-2*x**2-10*x*y", "y": "q2*z-0.1*y-10*x*y", "s": "0.0675*(z-k*s)"},
    points=[
        {
            "type": "H",
            "par": "q2",
            "p": 1.051557462458,
            "x": [0.01635754304016, 0.5239711845904, 0.328336623121],
            "omega": 0.05074034489679,
            "re_g21_half": 10.7010196,
            "l1_kuznetsov": 210.8976519920538,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "q2",
            "p": 1.040991569533,
            "x": [0.07792777059885, 0.2330649301297, 0.4921480709082],
            "omega": 0.05910614793578,
            "re_g21_half": 4.33137898,
            "l1_kuznetsov": 73.2813612672937,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LP",
            "par": "q2",
            "p": 1.042048505379,
            "x": [0.02471644491145, 0.4502600371554, 0.3750167985236],
            "abs_a": 0.116659347,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LP",
            "par": "q2",
            "p": 1.05220028787,
            "x": [0.05402941507128, 0.30224144004, 0.4598065320634],
            "abs_a": 0.134650516,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "q2",
            "p": 1.05361028079,
            "T": 293.532571811,
            "mult": [1, 1, 0],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LPC",
            "par": "q2",
            "p": 1.03916296537,
            "T": 298.612446716,
            "mult": [1, 1, 0],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "q2",
            "p": 1.045,
            "T": 177.373024042,
            "mult": [1, 2.070687869e-07, 0],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "BT",
            "pars": {"q2": 1.161198708822, "k": 0.7223390725222},
            "x": [0.0163370393576, 0.638409883933, 0.200455927766],
            "abs_a": 0.0482256452,
            "abs_b": 1.93763257,
            "sign_ab": 1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "BT",
            "pars": {"q2": 1.417627637601, "k": 0.9713975734853},
            "x": [0.115908723783, 0.315467283792, 0.288436995192],
            "abs_a": 0.0837844414,
            "abs_b": 2.13627993,
            "sign_ab": 1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "CP",
            "pars": {"q2": 1.006408329678, "k": 0.3559912732087},
            "x": [0.0359406365489, 0.352005430947, 0.451370111738],
            "abs_c": 0.362788657,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "GH",
            "pars": {"q2": 0.9242550152186, "k": 0.3058792674779},
            "x": [0.0643113323047, 0.21109513938, 0.554870229094],
            "omega": 0.05926471133008,
            "re_c2": -240.123388,
            "verified": "mpmath (+AUTO to ~1e-5)",
        },
        {
            "type": "GH",
            "pars": {"q2": 0.8913189807743, "k": 0.232487354203},
            "x": [0.0180224214176, 0.368237939498, 0.497968305307],
            "omega": 0.05765543915597,
            "re_c2": -776.900344,
            "verified": "mpmath (+AUTO to ~1e-5)",
        },
    ],
)
