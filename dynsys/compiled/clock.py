"""Steps of fixed length, as compiled loops take them."""

from __future__ import annotations

from typing import NamedTuple

from dynsys.compiled.records import record


@record
class Clock(NamedTuple):
    """Steps of length ``dt``: ``settle`` unrecorded ones, then ``steps``, recorded at every
    ``stride``."""

    dt: float
    settle: int
    steps: int
    stride: int
