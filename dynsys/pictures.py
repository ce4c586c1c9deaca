"""Figures and axes at the end of a notebook's cell are seen, without magic and without pyplot."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

_DRAWN = (("matplotlib.figure", "Figure"), ("matplotlib.axes._axes", "Axes"))


def show_pictures() -> None:
    """Teach a notebook that runs to draw matplotlib's figures and axes; elsewhere do nothing.

    IPython does so only for those who import pyplot, which this library does not need. What the
    user or pyplot has chosen (``%matplotlib``, another format) stays.

    Example
    -------
    >>> show_pictures(); branch.plot()
    """
    if "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["image/png"]
    for module, name in _DRAWN:
        try:
            formatter.lookup_by_type(f"{module}.{name}")
        except KeyError:
            formatter.for_type_by_name(module, name, picture)


def picture(drawn: Any) -> bytes | None:
    """The PNG of a figure, or of the figure that axes stand in; None: pyplot shows it by itself."""
    figure = getattr(drawn, "figure", None) or drawn
    if getattr(figure, "number", None) is not None:
        return None
    out = BytesIO()
    figure.savefig(out, format="png", dpi=figure.dpi, bbox_inches="tight")
    return out.getvalue()
