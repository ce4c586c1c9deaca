"""What a recorded motion is: at rest, periodic, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from continuation.diagrams.limits import limits
from continuation.diagrams.names import CYCLE, EQUILIBRIUM, HALF_STABLE, PHASES
from continuation.diagrams.own_rates import turning_at
from continuation.diagrams.pasts import Start
from continuation.steady_states.half_stable import way_out
from continuation.steady_states.search import find_equilibria
from dynsys.vector_field import VectorField

UNSETTLED = "unsettled"  # the kind of a motion that has not come to an attractor
UNSTABLE = "unstable equilibrium"  # that of one which a symmetry, say, holds on a saddle
QUIET = 1e-2  # scaled range below which a motion may be coming to rest
NEAR = 0.05  # scaled distance to the equilibrium at which it has
ONE_REST = 1e-3  # scaled distance up to which two equilibria are one
RETURN = 0.02  # distance, in units of the range, at which a motion has returned
STEADY = 0.02  # relative change of the range between two halves of a recording of a cycle
STILLER = STEADY / 8  # the same where a half holds too few turns to be compared by itself
LEVEL = 1.25  # factor within which both halves of a steady modulation vary alike
EXACT = 1e-3  # the same after many turns, at least
_FEW = 4  # records by which turns of a cycle seem to differ where its spikes are hardly resolved
_TURNS = 60  # crossings in the longest period
_LATEST = 150  # crossings that are looked at
MOST_PHASES = 4000  # of a turn that are kept: as many as were recorded, and PHASES at least
_LEAST = 1e-4  # scaled range of the smallest cycle
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of a period: what they say does not hang on sharp peaks
_ALIKE = 0.05  # difference, in units of the range, up to which two cycles are one
_SHRUNK = 0.6  # by which a motion moves less in one half of a recording than before, at most,
_ONE_MODE = 0.03  # and the part of its way up to which it may leave the direction of one mode
_FORESEEN = 0.2  # scaled way that is left to it, at most
_STILL = 1e-8  # scaled range of a motion that has ended for good
FAR = 1e3  # widths of the states' box beyond which a motion has run away
REMOTE = 100.0  # the same for one that has run away by other steps, and takes too many to get there


@dataclass(frozen=True)
class Outcome:
    """What a run has come to.

    ``kind`` is a word; ``state`` (n,) its last one; ``period``, ``states`` (k, n) at even times of
    one period, the ``miss`` of its returns and the ``drift`` of its range (of the range) belong to
    cycles, ``exponent`` (per time unit) to what does not repeat: ``weak`` where it does not differ
    from zero beyond doubt.
    ``extremes`` (2 n, n) are the states at which each of them was least and greatest; ``records``
    how many there are of a turn; ``blurred`` where spikes between them may hide that it repeats,
    ``resolved`` where its steps fitted everywhere; ``settles`` where its range shrinks. ``modes``
    are the eigenvalues (n,) at a stable equilibrium, ``turning`` how fast what is not delayed turns
    there (radians per time unit).
    """

    kind: str
    state: np.ndarray
    period: float = np.nan
    states: np.ndarray | None = None
    exponent: float = np.nan
    extremes: np.ndarray | None = None
    records: float = np.inf
    blurred: bool = False
    miss: float = 0.0
    drift: float = 0.0
    weak: bool = False
    resolved: bool = False
    settles: bool = False
    modes: np.ndarray | None = None
    turning: float = np.nan

    def approaches(self, exact: float) -> bool:
        """Whether a motion is near a cycle that it misses by more than ``exact``, and may be on its
        way to it."""
        return self.kind == CYCLE and (self.miss > exact or self.drift > STILLER)

    @property
    def onward(self) -> Start:
        """Where a run at parameters nearby may begin."""
        return Start(self.state) if self.states is None else Start.after(self.period, self.states)


def has_run_away(model: VectorField, state: np.ndarray, widths: float = FAR) -> bool:
    """Whether a motion has left the box of its states' ranges for good, or the numbers."""
    low, high = model.state_box()
    away = np.max(np.abs(state - (low + high) / 2) / (high - low))
    return not np.all(np.isfinite(state)) or bool(away > widths)


def classified(
    model: VectorField, times: np.ndarray, states: np.ndarray, rests: Sequence[Outcome] = ()
) -> Outcome:
    """What the motion of a recording (k, n) at these times (k,) is.

    At rest: it hardly moves, ever less, and Newton's method leads from its end to a stable
    equilibrium beside it, unless it has come to one of the ``rests`` known there; or it decays
    towards a stable equilibrium nearby as its slowest mode does. Periodic: on a section, the whole
    state returns after every so many crossings, and its range does not change.
    """
    scale = model.scales[: states.shape[1]]
    half = len(states) // 2
    late = states[half:]
    ends = limits(late)
    before, after = limits(states[:half]).width / scale, ends.width / scale
    if after.max() < QUIET and after.max() <= before.max():
        rest = _known_rest(rests, states[-1], scale) or _rest(model, states[-1])
        if rest is not None:
            return rest
        if after.max() < _STILL:
            return Outcome(UNSTABLE, states[-1])
    rest = _foreseen_rest(model, times[half:], late, rests)
    if rest is not None:
        return rest
    moving = np.maximum(before, after) > 1e-2 * after.max()
    change = float(np.max(np.abs(after - before)[moving], initial=0.0))
    drift = change / max(float(after.max()), 1e-300)
    told = Outcome(
        UNSETTLED, states[-1], extremes=late[ends.rows],
        records=_records(late, int(after.argmax())),
        settles=bool(np.all(after <= before) and LEVEL * after.max() < before.max()),
    )  # fmt: skip
    if after.max() > _LEAST and drift < STEADY:
        found = _repetition(times[half:], late, scale)
        if found is None and drift < STILLER:  # few turns, but of one size
            found = _repetition(times, states, scale)
        if found is not None:
            period, turn, miss = found
            return replace(told, kind=CYCLE, period=period, states=turn, miss=miss, drift=drift)
    blurred = drift < EXACT and _is_blurred(times[half:], late, scale)
    return replace(told, blurred=blurred)


def early_rest(model: VectorField, states: np.ndarray, rests: Sequence[Outcome] = ()) -> Outcome:
    """The stable equilibrium at which a short recording (k, n) has ended already: beyond doubt, or
    it is unsettled."""
    scale = model.scales[: states.shape[1]]
    before, after = (limits(part).width / scale for part in np.array_split(states, 2))
    if after.max() < QUIET and after.max() <= before.max():
        rest = _known_rest(rests, states[-1], scale) or _rest(model, states[-1], ONE_REST)
        if rest is not None and rest.kind == EQUILIBRIUM:
            return rest
    return Outcome(UNSETTLED, states[-1])


def _is_blurred(times: np.ndarray, states: np.ndarray, scale: np.ndarray) -> bool:
    """Whether a motion seems to miss its cycle by no more than a few records of time."""
    found = _crossings(times, states, scale)
    if found is None:
        return False
    lengths = np.diff(found[1])
    return bool(np.ptp(lengths) < _FEW * (times[1] - times[0]) < 0.5 * lengths.mean())


def _records(states: np.ndarray, moving: int) -> float:
    """How many records there are of a turn: between passages of the middle of what moves most."""
    signal = states[:, moving]
    above = signal > 0.5 * (signal.max() + signal.min())
    return len(signal) / max(int(np.sum(above[1:] & ~above[:-1])), 1)


def _known_rest(rests: Sequence[Outcome], state: np.ndarray, scale: np.ndarray) -> Outcome | None:
    """The rest, of these, at which a motion has ended."""
    return next((o for o in rests if np.max(np.abs(o.state - state) / scale) < ONE_REST), None)


def _rest(model: VectorField, state: np.ndarray, within: float = NEAR) -> Outcome | None:
    """Rest at the equilibrium beside a state that attracts, from one side at least."""
    start = model.fill_lines(state)
    if not np.all(np.isfinite(start)):  # outside a table its signals have no value
        return None
    for x in find_equilibria(model, searches=0, starts=start[None]):
        near = np.max(np.abs(x - start)[: len(state)] / model.scales[: len(state)]) < within
        if near and way_out(model, x) is not None:
            return Outcome(HALF_STABLE, x[: len(state)])
        modes = np.linalg.eigvals(model.jacobian(x))
        if near and np.max(modes.real) < 0:
            turning = turning_at(model, x[: len(state)])
            return Outcome(EQUILIBRIUM, x[: len(state)], modes=modes, turning=turning)
    return None


def _foreseen_rest(
    model: VectorField, times: np.ndarray, states: np.ndarray, rests: Sequence[Outcome]
) -> Outcome | None:
    """The stable equilibrium to which a motion decays along its slowest mode: the ways of the two
    halves of a recording (k, n) at even times (k,) shrink by that mode's factor, and so continued
    they end where the equilibrium is."""
    scale = model.scales[: states.shape[1]]
    middle = len(times) // 2
    span = float(times[middle] - times[0])
    before, way = np.diff(states[[0, middle, -1]], axis=0)
    length, earlier = np.max(np.abs(way) / scale), np.max(np.abs(before) / scale)
    if not 0.0 < length < min(_SHRUNK * earlier, _FORESEEN):
        return None
    factor = float(way @ before / (before @ before))
    bent = np.max(np.abs(way - factor * before) / scale) > _ONE_MODE * length
    if bent or abs(times[-1] - times[middle] - span) > 1e-6 * span:
        return None
    end = states[-1] + way * factor / (1.0 - factor)
    rest = _known_rest(rests, end, scale) or _rest(model, end, ONE_REST)
    if rest is None or rest.modes is None:
        return None
    slowest = rest.modes[np.argmax(rest.modes.real)]
    return rest if abs(np.exp(slowest * span) - factor) < _ONE_MODE * factor else None


def _repetition(
    times: np.ndarray, states: np.ndarray, scale: np.ndarray
) -> tuple[float, np.ndarray, float] | None:
    """Period and one turn (k, n) of a motion that repeats at least twice, and by how much of its
    range it misses where it was."""
    size = limits(states).width / scale
    found = _crossings(times, states, scale)
    if found is None:
        return None
    smooth, crossing, up = found
    section = smooth(crossing)
    for k in range(1, min((len(up) - 1) // 2, _TURNS) + 1):
        lengths = crossing[k:] - crossing[:-k]
        period = float(np.mean(lengths))
        near = max(RETURN / k, EXACT)  # after many turns a torus comes near to where it was, too
        misses = np.max(np.abs(section[k:] - section[:-k]), axis=1) / size.max()
        returns = misses.max() < near
        if returns and np.ptp(lengths) < RETURN * period:
            recorded = period / (times[1] - times[0])
            count = 4 * int(np.clip(recorded, PHASES, MOST_PHASES) / 4)
            turn = crossing[-1] - period * (1 - np.arange(count) / count)
            return period, smooth(turn) * scale, float(misses.max())
    return None


def _crossings(
    times: np.ndarray, states: np.ndarray, scale: np.ndarray
) -> tuple[CubicSpline, np.ndarray, np.ndarray] | None:
    """Times at which the state that moves most passes its middle upwards, with the interpolated
    motion and the records before; None where it does so less than four times."""
    moving = int(np.argmax(limits(states).width / scale))
    signal = states[:, moving] / scale[moving]
    signal = signal - 0.5 * (signal.max() + signal.min())
    up = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    if len(up) < 4:
        return None
    first = max(int(up[-_LATEST:][0]) - 4, 0)  # a few records for the spline's end
    times, signal, up = times[first:], signal[first:], up[-_LATEST:] - first
    scaled = states[first:] / scale
    smooth = CubicSpline(times, scaled)
    crossing = times[up] + signal[up] / (signal[up] - signal[up + 1]) * (times[up + 1] - times[up])
    level = scaled[up[0], moving] - signal[up[0]]
    crossing -= (smooth(crossing)[:, moving] - level) / smooth(crossing, 1)[:, moving]
    return smooth, crossing, up


def is_on_its_way(section: np.ndarray) -> bool:
    """Whether a section (k, n) moves one way from turn to turn, as that of a motion that spirals in
    or out slowly; on a torus or in chaos it comes back."""
    steps = np.diff(section[:, int(np.argmax(np.ptp(section, axis=0)))])
    return bool(np.all(steps > 0) or np.all(steps < 0))


def keeps_order(section: np.ndarray) -> bool:
    """Whether every turn moves a section (k, n) on along a closed curve, in order, as on a torus;
    chaos folds it. The order is that of the angles around the middle of its two widest directions.
    """
    centred = section - section.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    angle = np.arctan2(*(along / np.maximum(along.std(axis=0), 1e-300)).T)
    ahead = angle[1:][np.argsort(angle[:-1])]
    return int(np.sum(np.roll(ahead, -1) < ahead)) == 1


def section_of(model: VectorField, times: np.ndarray, states: np.ndarray) -> np.ndarray | None:
    """States (k, n) at which a recorded motion passes the middle of what moves most; None where it
    does so less than four times."""
    found = _crossings(times, states, model.scales[: states.shape[1]])
    return None if found is None else found[0](found[1])


def is_stationary(section: np.ndarray) -> bool:
    """Whether the section of a motion that does not repeat varies as much in both halves.

    On a torus it does; that of a motion on its way to a cycle, or away from one, shrinks or grows.
    """
    half = len(section) // 2
    before, after = (np.ptp(part, axis=0).max() for part in (section[:half], section[half:]))
    return bool(before / LEVEL < after < LEVEL * before)


def same_outcome(a: Outcome, b: Outcome, scale: np.ndarray) -> bool:
    """Whether two motions have come to one attractor."""
    if a.kind != b.kind:
        return False
    if a.states is None or b.states is None:
        rests = a.kind in (EQUILIBRIUM, HALF_STABLE)
        return not rests or bool(np.max(np.abs(a.state - b.state) / scale) < ONE_REST)
    return same_motion((a.period, a.states), (b.period, b.states), scale)


def same_motion(
    a: tuple[float, np.ndarray], b: tuple[float, np.ndarray], scale: np.ndarray
) -> bool:
    """Whether two cycles, each a period and states (k, n) at even times of it, are one; also where
    one of them is run through several times."""
    ratio = max(a[0], b[0]) / min(a[0], b[0])
    if abs(ratio - round(ratio)) > 0.02 * ratio:
        return False
    shares = [np.quantile(turn, _SHARES, axis=0) / scale for _, turn in (a, b)]
    size = np.ptp(shares[0], axis=0).max()
    return bool(np.max(np.abs(shares[0] - shares[1])) < _ALIKE * size + _LEAST)
