"""What a test found: a prediction, its spread, what the network did, the verdict and why."""

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
    """When a network agrees with a number predicted for it.

    ``deviations``: how many standard deviations apart they may be. With 3, chance alone makes
    fewer than 3 of 1000 correct predictions differ. The standard deviation is the predicted one
    for this number of neurons and this duration where a theory knows it, else the one measured.

    ``rhythm``, ``rhythm_in_network``: the power (Hz^2) from which a rhythm counts in runs of the
    mean field and of the network; a plan finds those of its model (``scale``), for ``aln()`` the
    published 1 Hz^2, more for small networks.
    """

    deviations: float = 3.0
    rhythm: float | None = None
    rhythm_in_network: float | None = None


@dataclass(frozen=True)
class Finding:
    """One prediction and what became of it.

    ``predicted``, ``spread`` and ``network`` are texts for the reader; ``expected``, ``deviation``
    (the standard deviation of network less prediction), ``value``, ``low`` and ``high`` the numbers
    behind them where there are any (NaN otherwise); ``place`` the parameters, ``runs`` the keys of
    the network's runs, ``group`` the kind of test.
    """

    group: str
    claim: str
    quantity: str
    predicted: str
    network: str
    spread: str
    verdict: str
    reason: str
    place: Mapping[str, float]
    runs: tuple[str, ...] = ()
    expected: float = math.nan
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def z(self) -> float:
        """Network less prediction in standard deviations; NaN where that means nothing."""
        return score(self.expected, self.value, self.deviation)

    def record(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self) | {"z": self.z}


def score(expected: float, value: float, deviation: float) -> float:
    """(value - expected) / deviation, NaN where there is no deviation."""
    return (value - expected) / deviation if deviation > 0 else math.nan


def judge(
    expected: float, found: Estimate, deviation: float, allowed: float = Tolerances.deviations
) -> tuple[str, str]:
    """Verdict and reason: is a measurement within so many standard deviations of a prediction?

    Example
    -------
    >>> judge(20.0, Estimate(20.3, 20.1, 20.5, "Hz"), 0.15)
    ('agree', 'z = +2.0: +0.3 Hz from the prediction')
    """
    if math.isnan(expected):
        return UNTESTED, "the mean field predicts no number here"
    if math.isnan(found.value):
        return DIFFER, found.note or "nothing could be measured"
    z = score(expected, found.value, deviation)
    text = f"{found.value - expected:+.3g} {found.unit} from the prediction".replace("  ", " ")
    if math.isnan(z):
        return UNDECIDED, f"{text}; its uncertainty is not known: run longer"
    return (AGREE if abs(z) <= allowed else DIFFER), f"z = {z:+.1f}: {text}"


def compared(
    group: str, claim: str, quantity: str, expected: Estimate, found: Estimate, predicted: float,
    tolerances: Tolerances, place: Mapping[str, float], runs: tuple[str, ...], digits: int = 2,
    **details: Any,
) -> Finding:  # fmt: skip
    """The finding for a number.

    ``predicted``: its standard deviation in a network of this size and duration, NaN where no
    theory gives one; then the measured one counts. The prediction's own error is added.
    """
    known = predicted > 0
    own = expected.error if math.isfinite(expected.error) else 0.0
    deviation = math.hypot(predicted if known else found.error, own)
    verdict, reason = judge(expected.value, found, deviation, tolerances.deviations)
    unit, word = found.unit, "predicted" if known else "measured"
    spread = f"± {deviation:.2g} {unit}".rstrip() + f" ({word})" if deviation > 0 else ""
    number = "" if math.isnan(expected.value) else f"{expected.value:.{digits}f} {unit}".rstrip()
    return Finding(
        group, claim, quantity, number, str(found), spread,
        verdict, reason, dict(place), runs, float(expected.value), found.value, found.low,
        found.high, deviation, details,
    )  # fmt: skip


def untested(group: str, claim: str, reason: str, place: Mapping[str, float]) -> Finding:
    """The finding for a test that was not made, with the reason."""
    return Finding(group, claim, "", "", "", "", UNTESTED, reason, dict(place))


def written(place: Mapping[str, float]) -> str:
    """A place in the parameters, as claims say it.

    Example
    -------
    >>> written({"mu_e": 1.3, "mu_i": 0.5})
    'mu_e = 1.3, mu_i = 0.5'
    """
    return ", ".join(f"{k} = {v:.4g}" for k, v in place.items())
