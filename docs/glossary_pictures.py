"""A Sphinx extension: the small pictures of the glossary, drawn from the normal forms.

Lines are equilibria (dark) and the extrema of cycles (violet), solid where stable; in planes of two
parameters folds are blue and Hopf points red, as in the library's own figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx.application import Sphinx

from continuation.drawing import CYCLE_COLOR, DARK, FOLD_COLOR, HOPF_COLOR

FOLDER = "_pictures"
MU = np.linspace(-1, 1, 201)
STABLE, UNSTABLE = {"lw": 2.0}, {"lw": 1.0, "ls": (0, (4, 2))}


def line(ax: Axes, x, y, stable: bool = True, color: str = DARK) -> None:
    ax.plot(x, y, color=color, **(STABLE if stable else UNSTABLE))


def mark(ax: Axes, x: float = 0, y: float = 0) -> None:
    ax.plot(x, y, "o", color="#222222", ms=5, zorder=5)


def fold(ax: Axes) -> None:
    """mu = x^2."""
    x = np.linspace(0, 1, 99)
    line(ax, x**2, x)
    line(ax, x**2, -x, stable=False)
    mark(ax)


def hopf(ax: Axes) -> None:
    """Radius sqrt(mu) of the cycle, which is stable."""
    line(ax, [-1, 0], [0, 0])
    line(ax, [0, 1], [0, 0], stable=False)
    mu = MU[MU >= 0]
    line(ax, mu, 0.8 * np.sqrt(mu), color=CYCLE_COLOR)
    line(ax, mu, -0.8 * np.sqrt(mu), color=CYCLE_COLOR)
    mark(ax)


def branch_point(ax: Axes) -> None:
    """x' = mu x - x^3."""
    line(ax, [-1, 0], [0, 0])
    line(ax, [0, 1], [0, 0], stable=False)
    mu = MU[MU >= 0]
    line(ax, mu, 0.8 * np.sqrt(mu))
    line(ax, mu, -0.8 * np.sqrt(mu))
    mark(ax)


def fold_of_cycles(ax: Axes) -> None:
    """r' = mu r + r^3 - r^5: a subcritical Hopf point whose cycle turns around."""
    line(ax, [-0.5, 0], [0, 0])
    line(ax, [0, 0.5], [0, 0], stable=False)
    r = np.linspace(0, 1.1, 200)
    mu = r**4 - r**2
    for sign in (1, -1):
        line(ax, mu[r**2 <= 0.5], sign * r[r**2 <= 0.5], False, CYCLE_COLOR)
        line(ax, mu[r**2 >= 0.5], sign * r[r**2 >= 0.5], True, CYCLE_COLOR)
        mark(ax, -0.25, sign * np.sqrt(0.5))


def period_doubling(ax: Axes) -> None:
    """An orbit that closes after two turns."""
    t = np.linspace(0, 4 * np.pi, 600)
    r = 1 + 0.28 * np.cos(t / 2)
    ax.plot(r * np.cos(t), r * np.sin(t), color=CYCLE_COLOR, lw=1.4)


def torus(ax: Axes) -> None:
    """A rhythm whose size is modulated by a second one."""
    t = np.linspace(0, 12, 900)
    wave = (1 + 0.45 * np.cos(2 * np.pi * t / 3.7)) * np.cos(2 * np.pi * t / 0.6)
    ax.plot(t, wave, color=CYCLE_COLOR, lw=0.9)


def branch_point_of_cycles(ax: Axes) -> None:
    """The extrema of a symmetric cycle and of the pair that branches off."""
    line(ax, [-1, 0], [0.5, 0.5], color=CYCLE_COLOR)
    line(ax, [0, 1], [0.5, 0.5], False, CYCLE_COLOR)
    mu = MU[MU >= 0]
    for sign in (1, -1):
        line(ax, mu, 0.5 + 0.4 * sign * np.sqrt(mu), color=CYCLE_COLOR)
    mark(ax, 0, 0.5)


def homoclinic(ax: Axes) -> None:
    """The loop y^2 = x^2 (1 - x) of the saddle at 0, and a cycle inside."""
    for level, width in ((0.0, 2.0), (-0.06, 1.0), (-0.12, 1.0)):
        x = np.linspace(0, 1, 4000)
        square = x**2 * (1 - x) + level
        y = np.sqrt(np.where(square >= 0, square, np.nan))
        for sign in (1, -1):
            ax.plot(x, sign * y, color=CYCLE_COLOR, lw=width)
    for sign in (1, -1):
        ax.plot([-0.25, 0], [-0.25 * sign, 0], color=DARK, lw=1)
    mark(ax)


def invariant_circle(ax: Axes) -> None:
    """theta' = 1 - cos(theta): one place where the turn stops."""
    t = np.linspace(0, 2 * np.pi, 300)
    ax.plot(np.cos(t), np.sin(t), color=CYCLE_COLOR, lw=2)
    for angle in (0.9, 2.4, 4.2, 5.5):
        a, b = angle, angle + 0.05
        ax.annotate(
            "", (np.cos(b), np.sin(b)), (np.cos(a), np.sin(a)),
            arrowprops={"arrowstyle": "->", "color": CYCLE_COLOR},
        )  # fmt: skip
    mark(ax, 1, 0)


def canard(ax: Axes) -> None:
    """Amplitude over the parameter: from a root to a wall."""
    mu = MU[MU >= 0]
    line(ax, [-1, 0], [0, 0])
    line(ax, [0, 1], [0, 0], stable=False)
    size = 0.15 * np.sqrt(mu) + 0.75 / (1 + np.exp(-(mu - 0.35) / 0.006))
    line(ax, mu, size, color=CYCLE_COLOR)
    mark(ax)


def cusp(ax: Axes) -> None:
    """8 b^3 = 27 a^2."""
    b = np.linspace(0, 1, 200)
    a = np.sqrt(8 / 27 * b**3)
    ax.fill_betweenx(b, -a, a, color="#c9d8b6")
    for sign in (1, -1):
        line(ax, sign * a, b, color=FOLD_COLOR)
    mark(ax)


def bogdanov_takens(ax: Axes) -> None:
    """x' = y, y' = b1 + b2 x + x^2 - x y: fold, Hopf curve, homoclinic curve."""
    b2 = np.linspace(-1, 1, 200)
    line(ax, b2, b2**2 / 4, color=FOLD_COLOR)
    left = np.linspace(-1, 0, 100)
    line(ax, left, 0 * left, color=HOPF_COLOR)
    line(ax, left, -6 / 25 * left**2, False, CYCLE_COLOR)
    mark(ax)


def generalized_hopf(ax: Axes) -> None:
    """r' = b1 r + b2 r^3 - r^5: Hopf line b1 = 0, folds of cycles b1 = -b2^2 / 4."""
    line(ax, [0, 0], [-1, 1], color=HOPF_COLOR)
    b2 = np.linspace(0, 1, 100)
    line(ax, -(b2**2) / 4, b2, color=CYCLE_COLOR)
    ax.fill_betweenx(b2, -(b2**2) / 4, 0, color="#dcb6c6")
    ax.set_xlim(-0.5, 0.5)
    mark(ax)


def zero_hopf(ax: Axes) -> None:
    """A fold curve that a Hopf curve touches."""
    y = np.linspace(-1, 1, 100)
    line(ax, 0 * y, y, color=FOLD_COLOR)
    line(ax, y**2, y, color=HOPF_COLOR)
    mark(ax)


def hopf_hopf(ax: Axes) -> None:
    """Two Hopf curves that cross."""
    line(ax, [-1, 1], [-0.7, 0.7], color=HOPF_COLOR)
    line(ax, [-1, 1], [0.9, -0.9], color=HOPF_COLOR)
    mark(ax)


PICTURES: tuple[Callable[[Axes], None], ...] = (
    fold, hopf, branch_point, fold_of_cycles, period_doubling, torus, branch_point_of_cycles,
    homoclinic, invariant_circle, canard, cusp, bogdanov_takens, generalized_hopf, zero_hopf,
    hopf_hopf,
)  # fmt: skip


def write_pictures(folder: Path) -> None:
    """Every picture as an SVG of a fixed size, which no two builds write differently."""
    folder.mkdir(exist_ok=True)
    for draw in PICTURES:
        figure = Figure(figsize=(1.5, 1.1), layout="constrained")
        ax = figure.subplots()
        ax.set(xticks=[], yticks=[])
        ax.margins(0.12)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        draw(ax)
        figure.savefig(folder / f"{draw.__name__}.svg", transparent=True, metadata={"Date": None})


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", lambda app, config: write_pictures(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}
