"""Transfer-function templates: the firing rate of a cell from the statistics of its membrane.

A cell fires as if its fluctuating potential crossed an effective threshold, which is a polynomial
of the statistics with fitted coefficients: 10 or 11 of Zerlaut et al. 2018, or 31 with skewness.
Coefficients are in mV here; publications give them in V.
"""

from __future__ import annotations

import sympy

from dynsys.errors import ModelError
from dynsys.transfer.membrane import Expression, MembraneStatistics

# Centres and widths of mean, sd (mV) and of the normalised autocorrelation time.
MEAN, SD, TIME = (-60.0, 10.0), (4.0, 6.0), (0.5, 1.0)
TIME_31 = (10.0, 200.0)  # ms, not normalised there
LENGTHS = (10, 11, 31)


def effective_threshold(
    coefficients: tuple[float, ...],
    statistics: MembraneStatistics,
    g_L: Expression,
    C_m: Expression,
    V_thre: Expression | None = None,
) -> sympy.Expr:
    """The effective threshold (mV) as a polynomial of the membrane's statistics.

    Parameters
    ----------
    coefficients : mV; 11: constant, mean, sd, time, log conductance, mean^2, sd^2, time^2, mean sd,
        mean time, sd time (Zerlaut et al. 2018, eq. 12); 10: without the logarithm; 31: constant, 5
        linear, 25 quadratic terms (row by row) of mean, sd, skewness, time and the probability of a
        skewed potential to lie above ``V_thre``.
    V_thre : threshold of the cell (mV), which only the 31 coefficients use.

    Raises
    ------
    ModelError for another number of coefficients, or 31 without ``V_thre``.

    Example
    -------
    >>> flat = effective_threshold((-50.0,) + 9 * (0.0,), statistics, 10, 200)
    """
    count = len(coefficients)
    if count not in LENGTHS:
        raise ModelError(
            f"{count} coefficients fit no template; the templates have 10, 11 or 31 of them"
        )
    if count == 31:
        if V_thre is None:
            raise ModelError("the template of 31 coefficients needs the cell's V_thre (mV)")
        return _skewed(coefficients, statistics, V_thre)
    x = (statistics.mean - MEAN[0]) / MEAN[1]
    y = (statistics.sd - SD[0]) / SD[1]
    z = (statistics.autocorrelation_time * g_L / C_m - TIME[0]) / TIME[1]
    terms = [sympy.S.One, x, y, z, x * x, y * y, z * z, x * y, x * z, y * z]
    if count == 11:
        terms.insert(4, sympy.log(statistics.conductance / g_L))
    return sympy.Add(*(p * term for p, term in zip(coefficients, terms, strict=True)))


def _skewed(
    coefficients: tuple[float, ...], statistics: MembraneStatistics, V_thre: Expression
) -> sympy.Expr:
    features = [
        (statistics.mean - MEAN[0]) / MEAN[1],
        (statistics.sd - SD[0]) / SD[1],
        statistics.skewness,
        (statistics.autocorrelation_time - TIME_31[0]) / TIME_31[1],
        probability_above(V_thre, statistics),
    ]
    linear = [c * f for c, f in zip(coefficients[1:6], features, strict=True)]
    products = [a * b for a in features for b in features]
    quadratic = [c * f for c, f in zip(coefficients[6:], products, strict=True)]
    return sympy.Add(coefficients[0], *linear, *quadratic)


def probability_above(V_thre: Expression, statistics: MembraneStatistics) -> sympy.Expr:
    """The feature that tells how much of a skewed potential lies above the threshold."""
    theta = (V_thre - statistics.mean) / statistics.sd
    bell = sympy.exp(-(theta**2) / 2)
    tail = sympy.sqrt(sympy.pi / 2) * (1 - sympy.erf(theta / sympy.sqrt(2)))
    return statistics.skewness * (theta**2 - 1) * bell / 6 + tail


def template_rate(threshold: Expression, statistics: MembraneStatistics) -> sympy.Expr:
    """The rate (kHz) at which a Gaussian potential lies above the threshold, per 2 tau_V.

    It saturates at 1 / (2 tau_V), which no refractory period explains: near there it is no
    prediction of any cell.
    """
    distance = (threshold - statistics.mean) / (sympy.sqrt(2) * statistics.sd)
    return sympy.erfc(distance) / (2 * statistics.autocorrelation_time)
