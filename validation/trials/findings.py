"""What a test found: a prediction, what the network did, the tolerance, the verdict and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from validation.measures.estimates import Estimate

AGREE, DIFFER, UNDECIDED, UNTESTED = "agree", "differ", "undecided", "not tested"
EXPLAINED = "explained"  # it differs, and a corrected prediction says why
VERDICTS = (DIFFER, EXPLAINED, UNDECIDED, UNTESTED, AGREE)  # as reports list them: failures first


@dataclass(frozen=True)
class Tolerances:
    """How far the network may be from a prediction and still agree with it.

    Defaults: 15 % (at least 2 Hz) for rates and 10 % (at least 1 Hz) for frequencies, about what
    the cascade's approximations (diffusive input, a filter of first order) leave unexplained; 0.15
    mV/ms for a boundary, 5 % of the published plane, below which its regimes look the same.
    """

    rate: float = 0.15
    least_rate: float = 2.0
    frequency: float = 0.10
    least_frequency: float = 1.0
    boundary: float = 0.15
    rotation: float = 0.05

    def of(self, kind: str, predicted: float) -> float:
        """The tolerance of a "rate", "frequency", "boundary" or "rotation"."""
        if kind in ("rate", "frequency"):
            share, least = getattr(self, kind), getattr(self, f"least_{kind}")
            return max(share * abs(predicted), least)
        return float(getattr(self, kind))


@dataclass(frozen=True)
class Finding:
    """One prediction and what became of it.

    ``predicted`` and ``network`` are texts for the reader; ``value``, ``low``, ``high`` and
    ``expected`` the numbers behind them where there are any (NaN otherwise); ``place`` the
    parameters, ``runs`` the keys of the network's runs, ``group`` the kind of test.
    """

    group: str
    claim: str
    quantity: str
    predicted: str
    network: str
    tolerance: str
    verdict: str
    reason: str
    place: Mapping[str, float]
    runs: tuple[str, ...] = ()
    expected: float = math.nan
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    details: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def judge(expected: float, found: Estimate, tolerance: float) -> tuple[str, str]:
    """Verdict and reason: does the interval of a measurement lie within the tolerance?"""
    if math.isnan(found.value):
        return DIFFER, found.note or "nothing could be measured"
    difference = abs(found.value - expected)
    half = (found.high - found.low) / 2
    half = 0.0 if math.isnan(half) else half
    shift = found.value - expected
    shift = 0.0 if abs(shift) < 1e-3 * tolerance else shift
    text = f"{shift:+.3g} {found.unit} from the prediction".replace("  ", " ")
    if difference + half <= tolerance:
        return AGREE, text
    if difference - half > tolerance:
        return DIFFER, text
    return UNDECIDED, f"{text}, but the uncertainty reaches across the tolerance: run longer"


def compared(
    group: str, claim: str, quantity: str, kind: str, expected: float, found: Estimate,
    tolerances: Tolerances, place: Mapping[str, float], runs: tuple[str, ...], **details: Any,
) -> Finding:  # fmt: skip
    """The finding for a number."""
    tolerance = tolerances.of(kind, expected)
    verdict, reason = judge(expected, found, tolerance)
    digits = 3 if kind in ("boundary", "rotation") else 2
    unit = found.unit
    return Finding(
        group, claim, quantity, f"{expected:.{digits}f} {unit}".rstrip(), str(found),
        f"± {tolerance:.{digits}f} {unit}".rstrip(), verdict, reason, dict(place), runs,
        float(expected), found.value, found.low, found.high, details,
    )  # fmt: skip


def untested(group: str, claim: str, reason: str, place: Mapping[str, float]) -> Finding:
    """The finding for a test that was not made, with the reason."""
    return Finding(group, claim, "", "", "", "", UNTESTED, reason, dict(place))


def written(place: Mapping[str, float]) -> str:
    """A place in the parameters, as claims say it.

    Example
    -------
    >>> written({"mu_e": 1.3, "mu_i": 0.5})
    'mu_e = 1.300, mu_i = 0.500'
    """
    return ", ".join(f"{k} = {v:.3f}" for k, v in place.items())
