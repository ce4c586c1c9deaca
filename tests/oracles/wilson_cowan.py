"""Wilson-Cowan (Hoppensteadt-Izhikevich).

Source: Wilson & Cowan 1972; Hoppensteadt & Izhikevich 1997.
Verified as each point says.
"""

from tests.oracles import System

SYSTEM = System(
    name="wilson_cowan",
    states=["E", "I"],
    parameters={"P": 0.0, "Q": -4.0, "c": 10.0},
    definitions={},
    equations={"E": "-E+1/(1+exp(-(P+10*E-10*I)))", "I": "-I+1/(1+exp(-(Q+c*E+2*I)))"},
    points=[
        {
            "type": "LP",
            "par": "P",
            "p": 4.477992394373,
            "x": [0.4923526161616, 0.9432110476947],
            "abs_a": 10.5613927,
            "verified": "mpmath 40 digits + AUTO",
        },
        {
            "type": "LP",
            "par": "P",
            "p": 3.180018130582,
            "x": [0.885923427905, 0.9989491795207],
            "abs_a": 3.80570651,
            "verified": "mpmath 40 digits + AUTO",
            "note": "SNIC",
        },
        {
            "type": "H",
            "par": "P",
            "p": -1.568000981107,
            "x": [0.2161788668829, 0.1881862383079],
            "omega": 1.451340122584,
            "re_g21_half": -13.3241228,
            "l1_kuznetsov": -9.180565322122716,
            "verified": "mpmath 40 digits + AUTO",
        },
        {"type": "LC", "par": "P", "p": 3.177762154, "T": 100.0, "verified": "AUTO"},
        {"type": "LC", "par": "P", "p": 3.179420921, "T": 200.0, "verified": "AUTO"},
        {"type": "LC", "par": "P", "p": 3.179993056, "T": 1000.0, "verified": "AUTO"},
        {
            "type": "BT",
            "pars": {"P": 5.908595233978, "Q": -1.44556292764},
            "x": [0.257692536057, 0.954351697023],
            "abs_a": 5.14411902,
            "abs_b": 3.59089011,
            "sign_ab": 1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "BT",
            "pars": {"P": -3.178438706481, "Q": -5.7082877935},
            "x": [0.257692536057, 0.045648302977],
            "abs_a": 3.05690711,
            "abs_b": 5.15638588,
            "sign_ab": -1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "BT",
            "pars": {"P": 3.178438706481, "Q": -6.2917122065},
            "x": [0.742307463943, 0.954351697023],
            "abs_a": 3.05690711,
            "abs_b": 5.15638588,
            "sign_ab": -1,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "CP",
            "pars": {"P": 3.002006689429, "Q": -6.709331900563},
            "x": [0.826877943561, 0.970712590459],
            "abs_c": 30.0203407,
            "verified": "mpmath + AUTO/MatCont",
        },
        {
            "type": "GH",
            "pars": {"P": 4.934199693557, "Q": -2.245251320776},
            "x": [0.223038045349, 0.841262916795],
            "omega": 1.333027751352,
            "re_c2": 284.969867,
            "verified": "mpmath (+AUTO to ~1e-5)",
        },
    ],
)
