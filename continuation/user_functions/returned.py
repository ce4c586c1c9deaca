"""What a function of the user's own returns: a number, or an error in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dynsys import checks


def returned_number(quantity: Callable[..., Any], at: Any) -> float:
    """The number a quantity has at a point; nan where it has none there.

    Raises ModelError where it is no number.
    """
    found = quantity(at)
    if isinstance(found, float) and math.isnan(found):
        return math.nan
    name = getattr(quantity, "__name__", "the function")
    return checks.number(f"what {name} returns", found, finite=False)
