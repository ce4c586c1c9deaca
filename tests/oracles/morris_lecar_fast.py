"""fast Morris-Lecar of the MatCont manual.

Source: fast Morris-Lecar of the MatCont manual.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="morris_lecar_fast",
    states=["v", "w"],
    parameters={"y": 0.110472, "z": 0.1},
    definitions={"minf": "(1+tanh((v+0.01)/0.15))/2", "winf": "(1+tanh((v-z)/0.145))/2"},
    equations={
        "v": "y-0.5*(v+0.5)-2*w*(v+0.7)-minf*(v-1)",
        "w": "1.15*(winf-w)*cosh((v-0.1)/0.29)",
    },
    points=[
        {
            "type": "H",
            "par": "y",
            "p": 0.07565878645042,
            "x": [0.03675629764066, 0.2947703472478],
            "omega": 1.894304023685,
            "re_g21_half": 8.23901368,
            "l1_kuznetsov": 4.349361864297053,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LP",
            "par": "y",
            "p": -0.02072716525546,
            "x": [-0.03373764823285, 0.1365014221934],
            "abs_a": 10.367056,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LP",
            "par": "y",
            "p": 0.08325656894322,
            "x": [-0.2449148117124, 0.00851439913782],
            "abs_a": 2.69741551,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "y",
            "p": 0.0845694832465,
            "T": 4.22201103199,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "y",
            "p": 0.08,
            "T": 3.51856882911,
            "mult": [1.102037092, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "HOM",
            "par": "y",
            "p": 0.072930696245,
            "saddle": [-0.18596406, 0.0189963],
            "eigs": [0.42248481, -1.54289995],
            "verified": "manifold splitting + AUTO long period",
        },
    ],
)
