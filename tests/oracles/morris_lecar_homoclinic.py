"""Morris-Lecar homoclinic set; exact rescaling of mlfast (I = 480 y), so also a scaling test.

Source: Morris-Lecar homoclinic set; rescaled mlfast.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="morris_lecar_homoclinic",
    states=["V", "w"],
    parameters={"I": 0.0, "v3": 12.0, "phi": 0.23, "gCa": 4.0, "v4": 17.4},
    definitions={"minf": "(1+tanh((V+1.2)/18))/2", "winf": "(1+tanh((V-v3)/v4))/2"},
    equations={
        "V": "(I - gCa*minf*(V-120) - 8*w*(V+84) - 2*(V+60))/20",
        "w": "phi*(winf-w)*cosh((V-v3)/(2*v4))",
    },
    points=[
        {
            "type": "H",
            "par": "I",
            "p": 36.3162174962,
            "x": [4.410755716879, 0.2947703472478],
            "omega": 0.3788608047371,
            "re_g21_half": 0.000376556936,
            "l1_kuznetsov": 0.0009939189572838005,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LPC",
            "par": "I",
            "p": 40.5933519583,
            "T": 21.11005516,
            "mult": [1, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "LC",
            "par": "I",
            "p": 38.0,
            "T": 17.3569577079,
            "mult": [1.084225482, 1],
            "verified": "multiple shooting (DOP853/Taylor) + AUTO",
        },
        {
            "type": "HOM",
            "par": "I",
            "p": 35.006734197584,
            "saddle": [-22.3156872, 0.0189963028],
            "eigs": [0.08449696, -0.30857999],
            "verified": "manifold splitting + AUTO",
        },
    ],
)
