"""Normal-form coefficients of published systems, and their points to machine precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from continuation.steady_states import normal_forms
from tests.continuation.steady_states.written_fields import Field

# Models and digits: examples of MatCont, BifurcationKit and AUTO, recomputed with 34 to 40 digits.
# fmt: off
FIELDS = {
    "ml": Field(
        "V w",
        {"I": 0, "v3": 2, "phi": 0.04, "gCa": 4.4, "v4": 30},
        [
            "(I - gCa*minf*(V-120) - 8*w*(V+84) - 2*(V+60))/20",
            "phi*(winf-w)*cosh((V-v3)/(2*v4))",
        ],
        {"minf": "(1+tanh((V+1.2)/18))/2", "winf": "(1+tanh((V-v3)/v4))/2"},
    ),
    "mlfast": Field(
        "v w",
        {"y": 0.110472, "z": 0.1},
        [
            "y-0.5*(v+0.5)-2*w*(v+0.7)-minf*(v-1)",
            "1.15*(winf-w)*cosh((v-0.1)/0.29)",
        ],
        {"minf": "(1+tanh((v+0.01)/0.15))/2", "winf": "(1+tanh((v-z)/0.145))/2"},
    ),
    "hh": Field(
        "V m h n",
        {"I": 0, "gK": 36, "EL": -54.387},
        [
            "I-120*m**3*h*(V-50)-gK*n**4*(V+77)-0.3*(V-EL)",
            "0.1*(V+40)/(1-exp(-(V+40)/10))*(1-m)-4*exp(-(V+65)/18)*m",
            "0.07*exp(-(V+65)/20)*(1-h)-h/(1+exp(-(V+35)/10))",
            "0.01*(V+55)/(1-exp(-(V+55)/10))*(1-n)-0.125*exp(-(V+65)/80)*n",
        ],
    ),
    "tm": Field(
        "E x u",
        {"E0": -2, "J": 3.07, "tauD": 0.2, "tauF": 1.5, "alpha": 1.4},
        [
            "(-E+alpha*log(1+exp((J*u*x*E+E0)/alpha)))/0.013",
            "(1-x)/tauD-u*x*E",
            "(0.3-u)/tauF+0.3*(1-u)*E",
        ],
    ),
    "jr": Field(
        "y0 y1 y2 z0 z1 z2",
        {"p": 120, "C": 135},
        [
            "z0",
            "z1",
            "z2/2",
            "0.0325*(5/(1+exp(0.56*(6-(y1-y2)))))-2*z0-y0",
            "0.0325*(p+0.8*C*(5/(1+exp(0.56*(6-(C*y0))))))-2*z1-y1",
            "0.22*0.25*C*(5/(1+exp(0.56*(6-(0.25*C*y0)))))-z2-y2/2",
        ],
    ),
    "wc": Field(
        "E I",
        {"P": 0, "Q": -4, "c": 10},
        [
            "-E+1/(1+exp(-(P+10*E-10*I)))",
            "-I+1/(1+exp(-(Q+c*E+2*I)))",
        ],
    ),
    "qifsfa": Field(
        "r v a",
        {"eta": 3, "alpha": 1, "D": 2, "J": 15 * 2**0.5, "taua": 10},
        [
            "D/pi+2*r*v",
            "v**2+eta+J*r-a-(pi*r)**2",
            "-a/taua+alpha*r",
        ],
    ),
    "lor84": Field(
        "X Y Z U",
        {"F": 3, "T": 0.04, "G": 0.25},
        [
            "-Y**2-Z**2-0.25*X+0.25*F-0.987*U**2",
            "X*Y-X*Z-Y+G",
            "X*Y+X*Z-Z",
            "-1.04*U+0.987*U*X+T",
        ],
    ),
    "co": Field(
        "x y s",
        {"q2": 1.1, "k": 0.4},
        [
            "5*z**2-2*x**2-10*x*y",
            "q2*z-0.1*y-10*x*y",
            "0.0675*(z-k*s)",
        ],
        {"z": "1-x-y-s"},
    ),
}
# fmt: on

# Label | parameters, the free one(s) first | results; then the state. b carries the sign of a b.
PUBLISHED = """
ml H | I=93.85761837373 | omega=0.0797797841146 re_c1=0.000522014024 l1=0.00654318672
    -25.2701048796 0.139673190013
ml H | I=212.0188161004 | omega=0.1486021707445 re_c1=0.000545116161 l1=0.00366829205
    7.80066386697 0.595490671215
ml BT | I=-227.1318880436 v3=69.75573711216 | a=0.00111990792 b=0.0330119499
    13.6111471445 0.0231356594146
ml BT | I=487.9977030098 v3=-51.77742854184 | a=0.000748586305 b=0.0296137275
    2.81561595338 0.97440765076
ml BT | I=519.6253648245 v3=-63.40190153326 | a=0.000738369808 b=0.0228939405
    -11.1528293536 0.970208025963
ml BT | I=48.22593886899 v3=21.73414334995 | a=0.000276614453 b=0.0151307152
    -27.1499040009 0.0370070915466
ml CP | I=92.10523008266 v3=6.418208028379 | c=5.22900192e-05
    -10.1036679561 0.249466734113
ml CP | I=457.9077679711 v3=-37.1086305751 | c=0.000275036314
    -2.67291927983 0.908521458894
mlfast H | y=0.07565878645042 | omega=1.894304023685 re_c1=8.23901368 l1=4.34936186
    0.0367562976407 0.294770347248
mlfast LP | y=-0.02072716525546 | a=10.367056
    -0.0337376482328 0.136501422193
mlfast LP | y=0.08325656894322 | a=2.69741551
    -0.244914811712 0.00851439913782
hh H | I=9.775437995393 | omega=0.5862338131303 re_c1=0.00867253675 l1=0.0147936481
    -59.654143603 0.0972573499109 0.406227520184 0.401784128052
hh H | I=154.5224336658 | omega=1.06292180676 re_c1=-0.00502602863 l1=-0.0047285027
    -43.058092013 0.419677438337 0.0703553908392 0.643249450742
hh BT | I=-4.071830991802 gK=2.6288684217 | a=0.00464768611 b=0.10877558
    -64.4601050943 0.0564002335575 0.577122132387 0.325981944043
tm LP | E0=-1.34888177112 | a=1.13529541
    1.25317457335 0.878384936775 0.55240922201
tm LP | E0=-1.841965600311 | a=3.09067101
    4.18674312652 0.611953498547 0.757284449063
tm H | E0=-1.831508568255 | omega=1.839915018236 re_c1=3.84405479 l1=2.08925671
    3.83321381671 0.637063140681 0.74311419598
tm H | E0=-1.134266832296 | omega=19.42075694372 re_c1=0.049459292 l1=0.00254672319
    7.33328315 0.448853720053 0.837208447386
tm LP | E0=-1.463027325543 alpha=1.5 | a=1.03085416
    1.34958721475 0.867779902029 0.564490888161
tm LP | E0=-1.865223910339 alpha=1.5 | a=2.63345094
    4.10889543435 0.617334262574 0.754300008318
tm H | E0=-1.850124594768 alpha=1.5 | omega=1.999847929479 re_c1=2.94434727 l1=1.47228558
    3.67531904728 0.648853106459 0.736236596834
tm H | E0=-1.151059396919 alpha=1.5 | omega=19.3650354035 re_c1=0.0260564048 l1=0.00134553871
    7.30187588822 0.450074484274 0.836671615777
jr H | p=315.6964280688 | omega=0.7014278420402 re_c1=-0.00487782012 l1=-0.0069541296
    0.123843993685 27.7668520329 19.6877082965 0 0 0
jr H | p=89.82910796964 | omega=0.6520098196626 re_c1=-0.00335750201 l1=-0.0051494654
    0.0978387003346 20.1649371262 13.4253704555 0 0 0
jr H | p=-12.14749234842 | omega=0.4548700707948 re_c1=0.0106485041 l1=0.0234099906
    0.0798954961159 16.0292353253 10.088779474 0 0 0
jr LP | p=-41.30141048783 | a=0.275715371
    0.0661077325823 13.3510522036 8.02451695681 0 0 0
jr LP | p=113.5862732128 | a=0.126800019
    0.0208702327071 6.21928754166 3.63873845027 0 0 0
jr BT | p=15.93708695587 C=110.3444366528 | a=0.0278761367 b=0.0492280717
    0.0786893377183 12.25109742 6.36369129161 0 0 0
jr CP | p=168.7046380695 C=59.11380066382 | c=0.0131801214
    0.0930189983284 8.78948474956 2.268501897 0 0 0
jr GH | p=42.88049843325 C=137.1532875575 | omega=0.6093392101254 re_c2=0.00121237573
    0.0900080823223 18.7272066083 12.3407344752 0 0 0
wc LP | P=4.477992394373 | a=10.5613927
    0.492352616162 0.943211047695
wc LP | P=3.180018130582 | a=3.80570651
    0.885923427905 0.998949179521
wc H | P=-1.568000981107 | omega=1.451340122584 re_c1=-13.3241228 l1=-9.18056532
    0.216178866883 0.188186238308
wc BT | P=5.908595233978 Q=-1.44556292764 | a=5.14411902 b=3.59089011
    0.257692536057 0.954351697023
wc BT | P=-3.178438706481 Q=-5.7082877935 | a=3.05690711 b=-5.15638588
    0.257692536057 0.045648302977
wc BT | P=3.178438706481 Q=-6.2917122065 | a=3.05690711 b=-5.15638588
    0.742307463943 0.954351697023
wc CP | P=3.002006689429 Q=-6.709331900563 | c=30.0203407
    0.826877943561 0.970712590459
wc GH | P=4.934199693557 Q=-2.245251320776 | omega=1.333027751352 re_c2=284.969867
    0.223038045349 0.841262916795
qifsfa H | eta=-0.3860798115987 | omega=1.385546096383 re_c1=-12.2593531 l1=-8.84802976
    1.10838141308 -0.287184431664 11.0838141308
qifsfa H | eta=-3.923353053773 | omega=0.2772393588417 re_c1=1.07354786 l1=3.87227796
    0.235154952208 -1.35361761764 2.35154952208
qifsfa LP | eta=-3.548702284447 | a=0.00357061993
    0.467761447974 -0.680496196432 4.67761447974
qifsfa LP | eta=-3.537497314192 | a=0.00510074678
    0.378014803146 -0.842056669565 3.78014803146
qifsfa BT | eta=-6.006109147225 alpha=0.1142761540616 | a=0.12798696 b=2.65386816
    0.236027308251 -1.34861465202 0.269722930404
qifsfa BT | eta=-11.42709887309 alpha=0.005630982780034 | a=1.51735808 b=27.8413422
    1.06328077579 -0.299365786941 0.0598731573882
qifsfa CP | eta=-3.464101615138 alpha=1.018768756714 | c=0.00295827115
    0.418919369272 -0.759835685652 4.26781964997
qifsfa GH | eta=-10.92020624426 alpha=0.0532065712064 | omega=0.2913052700043 re_c2=-285954.899
    1.06535941332 -0.298781690202 0.566841214851
qifsfa GH | eta=-0.2965376902544 alpha=2.557936565857 | omega=0.4575880937406 re_c2=-0.0982830761
    0.233668669665 -1.36222749349 5.9770963443
lor84 LP | F=1.546648372598 | a=3.5612914
    1.31178552532 -0.0428749981849 0.180389394151 -0.157027584967
lor84 H | F=1.619657820943 | omega=0.295286816713 re_c1=0.864734632 l1=2.92845662
    1.21882952363 -0.0356764363737 0.198709448473 -0.245421749567
lor84 H | F=2.467222123113 | omega=0.7232059200225 re_c1=-0.134874604 l1=-0.186495437
    1.1289637935 -0.0249699314006 0.218589634446 -0.538450304238
lor84 H | F=2.859875412748 | omega=1.171522646689 re_c1=0.303845582 l1=0.259359546
    1.11850810104 -0.0234186379657 0.221030765406 -0.62531758583
lor84 BT | F=1.446716701115 T=0.02094016968332 | a=0.214423351 b=0.606514552
    1.22564049599 -0.0363207932711 0.197288323112 -0.123390011985
lor84 GH | F=2.376360088248 T=0.05019743200847 | omega=0.6903674739581 re_c2=0.155801165
    1.15285369018 -0.028255256361 0.213106903235 -0.512916929822
lor84 CP | F=1.278283309881 T=0 | c=7.04443617
    1.05369807497 -0.0120597947822 0.236645029689 0
co H | q2=1.051557462458 | omega=0.05074034489679 re_c1=10.7010196 l1=210.897652
    0.0163575430402 0.52397118459 0.328336623121
co H | q2=1.040991569533 | omega=0.05910614793578 re_c1=4.33137898 l1=73.2813613
    0.0779277705989 0.23306493013 0.492148070908
co LP | q2=1.042048505379 | a=0.116659347
    0.0247164449114 0.450260037155 0.375016798524
co LP | q2=1.05220028787 | a=0.134650516
    0.0540294150713 0.30224144004 0.459806532063
co BT | q2=1.161198708822 k=0.7223390725222 | a=0.0482256452 b=1.93763257
    0.0163370393576 0.638409883933 0.200455927766
co BT | q2=1.417627637601 k=0.9713975734853 | a=0.0837844414 b=2.13627993
    0.115908723783 0.315467283792 0.288436995192
co CP | q2=1.006408329678 k=0.3559912732087 | c=0.362788657
    0.0359406365489 0.352005430947 0.451370111738
co GH | q2=0.9242550152186 k=0.3058792674779 | omega=0.05926471133008 re_c2=-240.123388
    0.0643113323047 0.21109513938 0.554870229094
co GH | q2=0.8913189807743 k=0.232487354203 | omega=0.05765543915597 re_c2=-776.900344
    0.0180224214176 0.368237939498 0.497968305307
"""


@dataclass(frozen=True)
class Point:
    """A bifurcation point with published coordinates and coefficients."""

    name: str
    kind: str
    at: dict[str, float]
    expected: dict[str, float]
    state: np.ndarray

    def __str__(self) -> str:
        return "-".join([self.name, self.kind, *(f"{k}={v:.5g}" for k, v in self.at.items())])


def published() -> list[Point]:
    def pairs(text: str) -> dict[str, float]:
        return {key: float(value) for key, value in (word.split("=") for word in text.split())}

    lines = PUBLISHED.strip().splitlines()
    points = []
    for head, state in zip(lines[::2], lines[1::2], strict=True):
        label, at, expected = head.split("|")
        x = np.array(state.split(), float)
        name, kind = label.split()
        points.append(Point(name, kind, pairs(at), pairs(expected), x))
    return points


def of_kind(*kinds: str, names: tuple[str, ...] = tuple(FIELDS)):
    chosen = [point for point in published() if point.kind in kinds and point.name in names]
    return pytest.mark.parametrize("point", chosen, ids=str)


def newton(residual: Callable, y: np.ndarray) -> np.ndarray:
    """Gauss-Newton with the exact Jacobian of an analytic residual (complex steps)."""
    for _ in range(6):
        columns = [residual(y + 1e-30j * e).imag / 1e-30 for e in np.eye(len(y))]
        y = y - np.linalg.lstsq(np.transpose(columns), residual(y).real, rcond=None)[0]
    return y


def refined(point: Point):
    """The published point to machine precision: (field, state, parameters, omega)."""
    model, n = FIELDS[point.name], len(point.state)
    free = list(point.at)[: 2 if point.kind in ("BT", "CP") else 1]
    fixed = {**model.parameters, **point.at}

    def unpack(y):
        values = {**fixed, **dict(zip(free, y[n : n + len(free)], strict=True))}
        a = np.array(model.slope(*y[:n], *values.values()))
        vectors = y[n + len(free) :]
        return values, a, [vectors[k * n : (k + 1) * n] for k in range(len(vectors) // n)]

    start = np.append(point.state, [point.at[name] for name in free])
    first, border = _start_vectors(point, unpack(start)[1])
    equations = _EQUATIONS[point.kind]

    def residual(y):
        values, a, vectors = unpack(y)
        equilibrium = model.value(*y[:n], *values.values())
        second = model.second(y[:n], values, vectors[0])
        rest = equations(a, vectors, y[-1], border, second)
        return np.concatenate([np.asarray(equilibrium, complex), *rest])

    y = newton(residual, np.concatenate([start, first]))
    values = unpack(y)[0]
    return model, y[:n], values, y[-1] if point.kind in ("H", "GH") else None


def _start_vectors(point: Point, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if point.kind in ("H", "GH"):
        roots, vectors = np.linalg.eig(a)
        q = vectors[:, np.argmin(np.abs(roots - 1j * point.expected["omega"]))]
        border = q / np.linalg.norm(q)
        return np.concatenate([q.real, q.imag, [point.expected["omega"]]]), border
    u, _, vh = np.linalg.svd(a)
    q = vh[-1]
    if point.kind == "BT":
        return np.concatenate([q, np.linalg.lstsq(a, q, rcond=1e-6)[0]]), q
    return (np.concatenate([q, u[:, -1]]) if point.kind == "CP" else q), q


def _hopf_equations(a, vectors, omega, border, second):
    u, v = vectors
    product = (u @ border.real + v @ border.imag - 1, v @ border.real - u @ border.imag)
    return a @ u + omega * v, a @ v - omega * u, product


_EQUATIONS = {
    "H": _hopf_equations,
    "GH": _hopf_equations,
    "LP": lambda a, v, _, c, second: (a @ v[0], [v[0] @ c - 1]),
    "BT": lambda a, v, _, c, second: (a @ v[0], a @ v[1] - v[0], [v[0] @ c - 1, v[1] @ c]),
    "CP": lambda a, v, _, c, second: (
        a @ v[0], v[1] @ a, [v[0] @ c - 1, v[1] @ v[1] - 1, v[1] @ second]
    ),
}  # fmt: skip


FUNCTIONS: dict[str, Callable] = {
    "LP": normal_forms.fold,
    "CP": normal_forms.cusp,
    "BT": normal_forms.bogdanov_takens,
    "H": normal_forms.hopf,
    "GH": normal_forms.bautin,
}


@cache
def coefficients(label: str) -> dict[str, float]:
    point = next(p for p in published() if str(p) == label)
    model, x, values, omega = refined(point)
    assert x == pytest.approx(point.state, rel=1e-8, abs=1e-10)
    a, forms = np.array(model.slope(*x, *values.values())), model.forms(x, values)
    function = FUNCTIONS[point.kind]
    return function(a, forms) if omega is None else function(a, forms, omega)
