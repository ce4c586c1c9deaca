"""A->B->C reaction (AUTO demo abc).

Source: A to B to C reaction, AUTO demo abc.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="reaction_abc",
    states=["u1", "u2", "u3"],
    parameters={"D": 0.0, "alpha": 1.0, "beta": 1.55, "B": 8.0, "sig": 0.04},
    definitions={},
    equations={
        "u1": "-u1+D*(1-u1)*exp(u3)",
        "u2": "-u2+D*exp(u3)*(1-u1-sig*u2)",
        "u3": "-u3-beta*u3+D*B*exp(u3)*(1-u1+alpha*sig*u2)",
    },
    points=[
        {
            "type": "H",
            "par": "D",
            "p": 0.2041845357006,
            "x": [0.5877533994978, 0.5560426737924, 1.943416863382],
            "omega": 0.7973031760401,
            "re_g21_half": -0.0247459665,
            "l1_kuznetsov": -0.03103708506832213,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "D",
            "p": 0.2298390376485,
            "x": [0.7991558593915, 0.689427057547, 2.85140285878],
            "omega": 1.163437431257,
            "re_g21_half": -0.496692966,
            "l1_kuznetsov": -0.42691850258192526,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "D",
            "p": 0.2599578542445,
            "x": [0.9261186021706, 0.6168332883681, 3.875776991289],
            "omega": 0.6732888465792,
            "re_g21_half": 0.579673297,
            "l1_kuznetsov": 0.8609578191368602,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "D",
            "p": 0.3462085216074,
            "x": [0.9881771857984, 0.2275181625333, 5.486544969611],
            "omega": 2.159391230953,
            "re_g21_half": -0.653175972,
            "l1_kuznetsov": -0.302481533979248,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "D",
            "p": 0.213697369219,
            "T": 7.61103891964,
            "mult": [1, 1, 0],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LPC",
            "par": "D",
            "p": 0.211903277123,
            "T": 8.28920420045,
            "mult": [1, 1, 0],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LPC",
            "par": "D",
            "p": 0.224962065539,
            "T": 6.52531054987,
            "mult": [1, 1, 3.3e-09],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
    ],
)
