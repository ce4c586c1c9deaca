"""Normal-form coefficients against published digits and against normal forms with known answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import permutations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from continuation.engine.multilinear import MultilinearForms
from continuation.steady_states import normal_forms


class Jet:
    """A truncated power series, for fields written by hand: coefficients (K + 1,)."""

    __array_priority__ = 1.0

    def __init__(self, c: np.ndarray) -> None:
        self.c = np.asarray(c, complex)

    def like(self, value: Jet | complex) -> np.ndarray:
        if isinstance(value, Jet):
            return value.c
        return np.concatenate([[value], np.zeros(len(self.c) - 1)])

    def __add__(self, other):
        return Jet(self.c + self.like(other))

    def __mul__(self, other):
        return Jet(np.convolve(self.c, self.like(other))[: len(self.c)])

    def __neg__(self):
        return Jet(-self.c)

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __pow__(self, n: int) -> Jet:
        assert int(n) == n
        if n < 0:
            return (self ** (-n)).inverse()
        return self * self ** (n - 1) if n > 1 else self if n == 1 else Jet(self.like(1.0))

    def __truediv__(self, other):
        return self * (other.inverse() if isinstance(other, Jet) else 1 / other)

    def __rtruediv__(self, other):
        return self.inverse() * other

    __radd__, __rmul__ = __add__, __mul__

    def inverse(self) -> Jet:
        g = np.zeros_like(self.c)
        g[0] = 1 / self.c[0]
        for k in range(1, len(g)):
            g[k] = -(self.c[1 : k + 1] @ g[k - 1 :: -1][:k]) / self.c[0]
        return Jet(g)

    def exp(self) -> Jet:
        g = np.zeros_like(self.c)
        g[0] = np.exp(self.c[0])
        for k in range(1, len(g)):
            g[k] = sum(j * self.c[j] * g[k - j] for j in range(1, k + 1)) / k
        return Jet(g)

    def log(self) -> Jet:
        slope = np.append(np.arange(1, len(self.c)) * self.c[1:], 0)
        ratio = (Jet(slope) / self).c
        return Jet(np.append(np.log(self.c[0]), ratio[:-1] / np.arange(1, len(self.c))))


def taylor_of(expressions, states, parameters) -> Callable:
    """Taylor kernel of SymPy expressions, independent of the package's own code generation."""
    functions = {"exp": lambda z: z.exp(), "log": lambda z: z.log(), "pi": math.pi}
    plain = [sympy.sympify(e).rewrite(sympy.exp) for e in expressions]
    evaluate = sympy.lambdify([*states, *parameters], plain, modules=[functions])

    def taylor(x, p, tables, out):
        values = evaluate(*map(Jet, x.T), *map(Jet, p.T))
        for column, value in enumerate(values):
            out[:, column] = Jet(x[:, 0]).like(value)

    return taylor


@dataclass(frozen=True)
class Field:
    """A vector field as strings, with its exact Jacobian and Taylor kernel."""

    states: str
    parameters: dict[str, float]
    equations: list
    definitions: dict[str, str] = field(default_factory=dict)
    value: Callable = field(init=False)
    slope: Callable = field(init=False)
    taylor: Callable = field(init=False)

    def __post_init__(self) -> None:
        symbols = {name: sympy.Symbol(name) for name in [*self.states.split(), *self.parameters]}
        inner = {k: sympy.sympify(v, locals=symbols) for k, v in self.definitions.items()}
        right = [sympy.sympify(e, locals={**symbols, **inner}) for e in self.equations]
        n = len(right)
        x, p = list(symbols.values())[:n], list(symbols.values())[n:]
        put = object.__setattr__
        put(self, "value", sympy.lambdify([*x, *p], right, "numpy"))
        put(self, "slope", sympy.lambdify([*x, *p], sympy.Matrix(right).jacobian(x), "numpy"))
        put(self, "taylor", taylor_of(right, x, p))

    def forms(self, x: np.ndarray, values: dict[str, float]) -> MultilinearForms:
        return MultilinearForms(self.taylor, x, np.array(list(values.values())))

    def second(self, x, values, q) -> np.ndarray:
        """B(q, q) at a point that may be complex."""
        jet, p = np.array([x, q, 0 * q], complex), np.zeros((3, len(values)), complex)
        p[0] = list(values.values())
        out = np.empty((3, len(x)), complex)
        self.taylor(jet, p, np.empty(0), out)
        return 2 * out[2]


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


@of_kind("LP")
def test_fold_coefficients_have_the_published_size(point):
    assert abs(coefficients(str(point))["a"]) == pytest.approx(point.expected["a"], rel=1e-6)


@of_kind("H")
def test_first_lyapunov_coefficients_are_the_published_ones(point):
    found = coefficients(str(point))
    assert found["re_c1"] == pytest.approx(point.expected["re_c1"], rel=1e-6)
    assert found["l1"] == pytest.approx(point.expected["l1"], rel=1e-6)


@of_kind("CP")
def test_cusp_coefficients_have_the_published_size(point):
    assert abs(coefficients(str(point))["c"]) == pytest.approx(point.expected["c"], rel=1e-6)


@of_kind("BT")
def test_bogdanov_takens_coefficients_have_the_published_size_and_relative_sign(point):
    found, expected = coefficients(str(point)), point.expected
    assert abs(found["a"]) == pytest.approx(expected["a"], rel=1e-5)
    assert found["b"] * np.sign(found["a"]) == pytest.approx(expected["b"], rel=1e-5)


@of_kind("GH")
def test_second_lyapunov_coefficients_are_the_published_ones(point):
    assert coefficients(str(point))["re_c2"] == pytest.approx(point.expected["re_c2"], rel=1e-6)


# Normal forms with known answers, hidden behind coordinate changes.


class Disguise:
    """Coordinates x = M shears(w): polynomial, invertible in closed form; for Jets or numbers."""

    def __init__(self, n: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.linear = np.eye(n) + generator.uniform(-0.4, 0.4, (n, n))
        self.steps = [
            (k, generator.choice([j for j in range(n) if j != k], 3), generator.uniform(-1, 1, 3))
            for k in generator.permutation(n)
        ]

    def back(self, x: list) -> list:
        w = [sum(c * v for c, v in zip(row, x, strict=True)) for row in np.linalg.inv(self.linear)]
        for k, (i, j, m), c in reversed(self.steps):
            w[k] = w[k] - (c[0] * w[i] * w[j] + c[1] * w[j] ** 2 + c[2] * w[i] * w[j] * w[m])
        return w

    def push(self, w: list, rates: list) -> list:
        """x' from w and w'."""
        w, d = list(w), list(rates)
        for k, (i, j, m), c in self.steps:
            product, rate = w[i] * w[j], d[i] * w[j] + w[i] * d[j]
            d[k] = (
                d[k] + c[0] * rate + 2 * c[1] * w[j] * d[j] + c[2] * (rate * w[m] + product * d[m])
            )
            w[k] = w[k] + c[0] * product + c[1] * w[j] ** 2 + c[2] * product * w[m]
        return [sum(c * v for c, v in zip(row, d, strict=True)) for row in self.linear]


def hidden(
    states: str, equations: list[str], seed: int, pace: str = "1"
) -> tuple[np.ndarray, MultilinearForms]:
    """Jacobian and forms at 0 of w' = pace * equations, seen in other coordinates."""
    w = sympy.symbols(states)
    right = [sympy.sympify(e) * sympy.sympify(pace) for e in equations]
    evaluate, disguise = sympy.lambdify(w, right), Disguise(len(w), seed)

    def taylor(x, p, tables, out):
        inner = disguise.back([Jet(column) for column in x.T])
        for k, value in enumerate(disguise.push(inner, evaluate(*inner))):
            out[:, k] = value.c

    forms = MultilinearForms(taylor, np.zeros(len(w)), np.zeros(0))
    return np.transpose([forms(e) for e in np.eye(len(w))]), forms


def image_length(seed: int, n: int, direction: list[complex]) -> float:
    """Length of a vector of the hidden normal form in the coordinates that hide it."""
    return float(np.linalg.norm(Disguise(n, seed).linear @ direction))


def at_origin(model: Field) -> tuple[np.ndarray, MultilinearForms]:
    x = np.zeros(len(model.equations))
    a = model.slope(*x, *model.parameters.values())
    return np.array(a, float), model.forms(x, model.parameters)


def rotating(x: str, y: str, real: str, imaginary: str) -> list[str]:
    """z' = (real + i imaginary) z with z = x + i y."""
    return [f"({real})*{x} - ({imaginary})*{y}", f"({imaginary})*{x} + ({real})*{y}"]


SEEDS = pytest.mark.parametrize("seed", range(4))


def test_lyapunov_coefficients_of_stuart_landau_are_those_of_its_amplitude_equation():
    # ||q|| = 1 means z = sqrt(2) w: |z|^2 = 2 |w|^2.
    r2, b = "(x**2 + y**2)", 0.7
    model = Field("x y", {}, rotating("x", "y", f"-{r2}", f"1.3 - {b}*{r2}"))
    found = normal_forms.hopf(*at_origin(model), 1.3)
    assert found == pytest.approx({"l1": -2 / 1.3, "re_c1": -2.0, "im_c1": -2 * b}, rel=1e-13)


@SEEDS
def test_second_lyapunov_coefficient_survives_a_change_of_coordinates(seed):
    r2 = "(x**2 + y**2)"
    rotation = rotating("x", "y", f"-0.8*{r2}**2", f"1.3 + 0.4*{r2} + {r2}**2")
    a, forms = hidden("x y s", [*rotation, "-0.9*s + 2*x*y"], seed)
    length = image_length(seed, 3, [0.5, -0.5j, 0])  # of the vector that carries z itself
    found = normal_forms.bautin(a, forms, 1.3)
    assert found["re_c2"] == pytest.approx(-0.8 / length**4, rel=1e-9)
    assert normal_forms.hopf(a, forms, 1.3)["re_c1"] == pytest.approx(0, abs=1e-12)


def bent(equations: list[str], bends: tuple[float, float, float]) -> list[sympy.Expr]:
    """The field of u, z in v, w with u = v + b0 v^2 + b1 |w|^2, z = w (1 + b2 v).

    These are the quadratic changes that a center manifold reduction does not undo.
    """
    v, x, y = w = sympy.symbols("u x y")
    change = [v + bends[0] * v**2 + bends[1] * (x**2 + y**2)]
    change += [c * (1 + bends[2] * v) for c in (x, y)]
    moved = sympy.Matrix(equations).xreplace(dict(zip(w, change, strict=True)))
    return list(sympy.Matrix(change).jacobian(w).inv() * moved)


@SEEDS
@pytest.mark.parametrize("pace", ["1", "1 - 0.7*u + 0.3*s"])
@pytest.mark.parametrize("bends", [(0, 0, 0), (0.8, -0.5, 0.6)])
@pytest.mark.parametrize("b", [1.1, -1.1])
def test_zero_hopf_invariants_survive_changes_of_coordinates_and_clock(seed, pace, bends, b):
    a, e, cubic = 0.6, 0.9, 0.35
    rotation = rotating("x", "y", f"{e}*u + {cubic}*u**2", "1.7 + 0.5*u + 0.2*(x**2 + y**2)")
    equations = bent([f"{a}*u**2 + ({b})*(x**2 + y**2)", *rotation], bends)
    jacobian, forms = hidden("u x y s", [*equations, "-s + u*x"], seed, pace)
    found = normal_forms.zero_hopf(jacobian, forms, 1.7)
    assert found["s"] == np.sign(a * b)
    assert found["theta"] == pytest.approx(e / a, rel=1e-9)
    assert found["E0"] / (found["G200"] / 2) ** 2 == pytest.approx(cubic / a**2, rel=1e-9)


@SEEDS
def test_hopf_hopf_invariants_survive_changes_of_coordinates(seed):
    p = {"p11": -0.7, "p12": 1.2, "p21": -0.4, "p22": 0.9}
    first, second = "(x**2 + y**2)", "(u**2 + v**2)"
    equations = [
        *rotating("x", "y", f"-0.7*{first} + 1.2*{second}", f"1 + 0.3*{first} - {second}"),
        *rotating("u", "v", f"-0.4*{first} + 0.9*{second}", f"2.6 - 0.2*{first} + {second}"),
        "-0.8*s + x*u",
    ]
    a, forms = hidden("x y u v s", equations, seed)
    found = normal_forms.hopf_hopf(a, forms, 1.0, 2.6)
    assert found["theta"] == pytest.approx(p["p12"] / p["p22"], rel=1e-9)
    assert found["delta"] == pytest.approx(p["p21"] / p["p11"], rel=1e-9)
    assert np.sign([found[k] for k in p]) == pytest.approx(np.sign(list(p.values())))
    swapped = normal_forms.hopf_hopf(a, forms, 2.6, 1.0)
    assert swapped["theta"] == pytest.approx(found["delta"], rel=1e-9)


@SEEDS
def test_cusp_and_pitchfork_coefficients_survive_a_change_of_coordinates(seed):
    a, forms = hidden("w s r", ["-0.6*w**3", "-s + w**2", "-2*r + w*s"], seed)
    length = image_length(seed, 3, [1, 0, 0])
    assert normal_forms.cusp(a, forms)["c"] == pytest.approx(-0.6 / length**2, rel=1e-9)
    found = normal_forms.branch_point(a, forms)
    assert found["a"] == pytest.approx(0, abs=1e-12)
    assert found["c"] == pytest.approx(-0.6 / length**2, rel=1e-9)


def test_lorenz_equations_have_a_supercritical_pitchfork_at_rho_one():
    # Center manifold: x' = sigma / (sigma + 1) (mu x - x^3 / beta), sigma = 10, beta = 8/3.
    model = Field("x y z", {"rho": 1.0}, ["10*(y - x)", "rho*x - y - x*z", "x*y - 8*z/3"])
    found = normal_forms.branch_point(*at_origin(model), parameter=np.array([1.0]))
    rate = 10 / 11
    expected = {"a": 0.0, "b": rate, "d": 0.0, "c": -rate * 3 / 8 / 2}  # ||q|| = 1: x = w / sqrt(2)
    assert found == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_transcritical_point_tells_the_slopes_of_both_branches():
    # (w - 2 mu)(w + 3 mu) = w^2 + mu w - 6 mu^2: two lines cross.
    model = Field("w s", {"mu": 0.0}, ["(w - 2*mu)*(w + 3*mu)", "-s + mu"])
    found = normal_forms.branch_point(*at_origin(model), parameter=np.array([1.0]))
    slopes = np.roots([found["a"], found["b"], found["d"]])
    assert sorted(slopes) == pytest.approx([-3, 2], rel=1e-13)


@of_kind("H", "LP", "BT", "GH", "CP", names=("wc", "ml"))
def test_coordinates_that_only_listen_change_no_coefficient(point):
    model, x, values, omega = refined(point)
    names = model.states.split()
    listeners = [f"3*({names[0]} - l1)", f"5*(l1*{names[1]} - l2)"]
    more = Field(model.states + " l1 l2", values, model.equations + listeners, model.definitions)
    full = np.append(x, [x[0], x[0] * x[1]])
    a, forms = np.array(more.slope(*full, *values.values())), more.forms(full, values)
    norm_of = np.arange(len(x))
    rotation = [] if omega is None else [omega]
    found = FUNCTIONS[point.kind](a, forms, *rotation, norm_of)
    alone = coefficients(str(point))
    # The sign of q is that of its largest component, which may now be a listener's.
    for name, value in alone.items():
        assert abs(found[name]) == pytest.approx(abs(value), rel=1e-8)


# Multilinear forms.

EXPRESSIONS = ["exp(x*y - mu*z)/(1 + x**2)", "tanh(x + 2*z)*y - 1e4*y**3", "log(3 + x)*z**2*y*mu"]


@cache
def tensor(order: int) -> tuple[Callable, int]:
    """All partial derivatives of one order by SymPy, parameters included."""
    z = sympy.symbols("x y z mu")
    entries = []
    for e in map(sympy.sympify, EXPRESSIONS):
        level: dict[tuple[int, ...], sympy.Expr] = {(): e}
        for _ in range(order):
            level = {
                (*k, j): sympy.diff(v, z[j]) for k, v in level.items()
                for j in range(4) if not k or j >= k[-1]
            }  # fmt: skip
        entries.append(level)
    keys = list(entries[0])
    flat = sympy.lambdify(z, [[e[k] for k in keys] for e in entries], cse=True)
    return lambda point: (keys, np.array(flat(*point), float)), order


def contracted(point: np.ndarray, vectors: list[np.ndarray]) -> np.ndarray:
    keys, values = tensor(len(vectors))[0](point)
    total = np.zeros(3, complex)
    for key, column in zip(keys, values.T, strict=True):
        for index in set(permutations(key)):
            total += column * np.prod([v[i] for v, i in zip(vectors, index, strict=True)])
    return total


def example_forms(scale=None) -> tuple[np.ndarray, MultilinearForms]:
    symbols = sympy.symbols("x y z mu")
    kernel = taylor_of(EXPRESSIONS, symbols[:3], symbols[3:])
    point = np.array([0.3, -0.2, 0.5, 0.8])
    return point, MultilinearForms(kernel, point[:3], point[3:], scale=scale)


@pytest.mark.parametrize(
    "pattern", ["0", "01", "00", "012", "001", "0123", "0012", "0011", "01234", "00112", "00011"]
)
@pytest.mark.parametrize("size", [3, 4])
def test_forms_agree_with_symbolic_derivatives(pattern, size):
    generator = np.random.default_rng(5)
    vectors = [generator.normal(size=size) + 1j * generator.normal(size=size) for _ in range(5)]
    chosen = [vectors[int(k)] for k in pattern]
    point, forms = example_forms()
    expected = contracted(point, [np.append(v, np.zeros(4 - size)) for v in chosen])
    assert forms(*chosen) == pytest.approx(expected, rel=1e-12, abs=1e-10)


@settings(max_examples=50, deadline=None)
@given(
    arrays(float, (4, 3), elements=st.floats(-2, 2)), st.permutations(range(3)), st.floats(-3, 3)
)
def test_forms_are_symmetric_and_linear_in_every_argument(vectors, order, factor):
    _, forms = example_forms()
    u, v, w, other = vectors
    size = 1e5 * (1 + np.max(np.abs(vectors))) ** 4
    value = forms(u, v, w)
    assert np.isrealobj(value)
    assert forms(*(vectors[k] for k in order)) == pytest.approx(value, abs=1e-13 * size)
    combined = forms(u + factor * other, v, w)
    assert combined == pytest.approx(value + factor * forms(other, v, w), abs=1e-12 * size)


def test_scales_keep_a_gentle_mixed_derivative_next_to_a_stiff_direction():
    x, y = sympy.symbols("x y")
    kernel = taylor_of([1e10 * x**2 + x * y], [x, y], [])
    wanted, directions = 1.0, [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    forms = MultilinearForms(kernel, np.zeros(2), np.zeros(0), scale=np.array([1e-5, 1e5]))
    assert forms(*directions)[0] == pytest.approx(wanted, rel=1e-12)


def test_a_direction_of_the_wrong_length_is_named():
    _, forms = example_forms()
    with pytest.raises(ValueError, match=r"shape \(2,\); \(3,\) moves the states"):
        forms(np.ones(2))
    with pytest.raises(ValueError, match="6 vectors"):
        forms(*[np.ones(3)] * 6)
