"""The report's tables: numbers on one line, words in columns that leave room for the reason."""

from __future__ import annotations

import re

from validation.measures.estimates import Estimate, unmeasured
from validation.reports.pages import table
from validation.trials.findings import Tolerances, compared

EXPECTED = Estimate(3.73, 3.73, 3.73, "Hz")


def cells(found):
    """Name -> (class, text) of the cells of one finding's row."""
    finding = compared(
        "regimes", "region", "frequency", EXPECTED, found, 0.5, Tolerances(), {"mu_e": 1.0}, ()
    )
    row = table([finding]).split("</tr>")[1]
    pattern = r'<td(?: class="(\w+)")? data-name="([\w ]+)">([^<]*)</td>'
    return {name: (kind, text) for kind, name, text in re.findall(pattern, row)}


def test_numbers_are_not_broken_over_lines_but_words_in_their_place_are():
    number = cells(Estimate(13.25, 13.12, 13.38, "Hz"))
    assert number["network"] == ("number", "13.25 ± 0.13 Hz")
    assert number["mean field"] == ("number", "3.73 Hz")
    words = "no cycles: the signal has 1 peaks in 500 time units; two cycles are needed"
    assert cells(unmeasured(words))["network"] == ("", words)
    assert cells(unmeasured("3 < 5"))["network"][1] == "3 &lt; 5"
