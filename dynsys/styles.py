"""How figures look: on a screen, in a paper, or as XPPAUT's users know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dynsys import checks
from dynsys.errors import ModelError

_LONG = {
    "lw": "linewidth",
    "ls": "linestyle",
    "c": "color",
    "ms": "markersize",
    "mfc": "markerfacecolor",
    "mec": "markeredgecolor",
    "mew": "markeredgewidth",
}  # one name for each keyword
_SIZES = ("linewidth", "markersize", "markeredgewidth")
_DASHED = (0, (4, 2))


@dataclass(frozen=True)
class Style:
    """Colors, widths and sizes of a figure; sizes in inches and points.

    ``stable``, ``unstable`` and ``undetermined`` are matplotlib's keywords of lines, ``colors``
    maps (what, whether stable) to a color where that is told by color too; ``scale`` multiplies the
    widths of curves and the sizes of marks; ``settings`` are matplotlib's rcParams.
    """

    stable: Mapping[str, Any] = field(default_factory=lambda: {"ls": "-", "lw": 2.0})
    unstable: Mapping[str, Any] = field(default_factory=lambda: {"ls": _DASHED, "lw": 1.0})
    undetermined: Mapping[str, Any] = field(default_factory=lambda: {"ls": ":", "lw": 1.0})
    colors: Mapping[tuple[str, bool], str] = field(default_factory=dict)
    scale: float = 1.0
    size: tuple[float, float] = (6.4, 4.8)
    plane: tuple[float, float] = (7.2, 5.6)
    names: float = 9.0
    legend: float = 8.0
    settings: Any = field(default_factory=dict)

    def sized(self, size: tuple[float, float]) -> tuple[float, float]:
        """A figure's size (inches) in this style: shrunk to its width, in the same shape."""
        part = self.size[0] / Style.size[0]
        return part * size[0], part * size[1]

    def line(self, given: Mapping[str, Any], **own: Any) -> dict[str, Any]:
        """Matplotlib's keywords of a line: a figure's ``own``, with widths and marks to the style's
        scale, and over them what the user has ``given``.

        Example
        -------
        >>> STYLES["publication"].line({"c": "k"}, color="0.5", lw=2.0)
        {'color': 'k', 'linewidth': 1.3}
        """
        known = merged(own, {})
        return merged(known | {k: self.scale * v for k, v in known.items() if k in _SIZES}, given)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """A block in which new axes and texts have the style's settings."""
        from matplotlib import rc_context  # only figures need it

        with rc_context(self.settings):
            yield


_PAPER = {
    "font.size": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.major.size": 2.5, "ytick.major.size": 2.5, "savefig.dpi": 600,
}  # fmt: skip
STYLES = {
    "default": Style(),
    # One column of a journal (86 mm); fonts of 7 and 8 points.
    "publication": Style(
        stable={"ls": "-", "lw": 1.4}, unstable={"ls": _DASHED, "lw": 0.7},
        undetermined={"ls": ":", "lw": 0.7}, scale=0.65,
        size=(3.4, 2.6), plane=(3.4, 2.9), names=7.0, legend=6.0, settings=_PAPER,
    ),
    # Stable red and solid, unstable black and thin; stable cycles green, unstable blue circles.
    "xppaut": Style(
        stable={"ls": "-", "lw": 2.0}, unstable={"ls": "-", "lw": 1.0},
        colors={
            ("equilibria", True): "#cc0000", ("equilibria", False): "#000000",
            ("cycles", True): "#008800", ("cycles", False): "#0000cc",
        },
    ),
}  # fmt: skip


def merged(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Matplotlib's keywords by their long names, ``given`` over ``own``.

    Raises UnknownNameError for a keyword that no line has, ModelError for a value it cannot have.
    """
    ours = {_LONG.get(k, k): v for k, v in own.items()}
    theirs = {_LONG.get(k, k): v for k, v in given.items()}
    _check_line(theirs, ours)
    return ours | theirs


def _check_line(given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    if not given:
        return
    from matplotlib.artist import ArtistInspector  # only figures need it
    from matplotlib.lines import Line2D

    line, known = Line2D([], []), ArtistInspector(Line2D).get_setters()
    for keyword, value in given.items():
        if keyword in own and keyword not in known:
            continue  # of bars, which have more than a line
        checks.known("keyword", keyword, known, "a line of matplotlib")
        try:
            line.set(**{keyword: value})
        except (TypeError, ValueError) as error:
            raise ModelError(f"{keyword} is {checks.shown(value)}: {error}") from None


def style_of(name: str) -> Style:
    """The style of a name; UnknownNameError for one there is not."""
    return STYLES[checks.known("style", name, STYLES, "plot")]
