"""AUTO demo plp.

Source: AUTO demo plp.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="enzyme_plp",
    states=["s", "a"],
    parameters={"rho": 2.021628, "s0": 110.0, "a0": 500.0, "al": 0.2, "K": 0.1},
    definitions={},
    equations={"s": "(s0-s)-rho*s*a/(1+s+K*s**2)", "a": "al*(a0-a)-rho*s*a/(1+s+K*s**2)"},
    points=[
        {
            "type": "H",
            "par": "rho",
            "p": 3.499953827987,
            "x": [27.9646987312, 89.82349365599],
            "omega": 0.831044876655,
            "re_g21_half": 0.000250308766,
            "l1_kuznetsov": 0.00030119765253533133,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "H",
            "par": "rho",
            "p": 4.650457812603,
            "x": [22.36692375559, 61.83461877797],
            "omega": 1.045836336623,
            "re_g21_half": 0.000301861303,
            "l1_kuznetsov": 0.00028863149273882427,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 2.7596874555,
            "T": 10.0063930287,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 5.00783976076,
            "T": 5.67657859625,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "rho",
            "p": 3.0,
            "T": 8.90425694268,
            "mult": [2.738263694, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "rho",
            "p": 4.9,
            "T": 5.78000997028,
            "mult": [1.165635178, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 2.98629481022,
            "T": 9.39099299637,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"s0": 111.0},
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 4.72212523637,
            "T": 6.08717070433,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"s0": 111.0},
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 2.58264253795,
            "T": 10.5394108375,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"s0": 109.0},
        },
        {
            "type": "LPC",
            "par": "rho",
            "p": 5.24332146352,
            "T": 5.35315226663,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
            "fixed": {"s0": 109.0},
        },
    ],
)
