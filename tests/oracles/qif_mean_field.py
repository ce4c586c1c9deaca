"""QIF mean field tau=Delta=1, J=15.

Source: QIF mean field, Montbrio, Pazo & Roxin 2015.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="qif_mean_field",
    states=["r", "v"],
    parameters={"eta": -5.0, "J": 15.0, "D": 1.0},
    definitions={},
    equations={"r": "D/pi+2*r*v", "v": "v**2+eta+J*r-(pi*r)**2"},
    points=[
        {
            "type": "LP",
            "par": "eta",
            "p": -3.136134086196,
            "x": [0.162569796813, -0.978994537803],
            "abs_a": 1.3454966,
            "verified": "mpmath 40 digits + AUTO",
        }
    ],
)
