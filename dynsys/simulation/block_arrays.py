"""What the integrators of blocks take: a model's functions, the arrays of a block, results."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numba import types

from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record
from dynsys.simulation.arguments import Rates, Stencils
from dynsys.simulation.fixed_step import Recording
from dynsys.simulation.history import FLAGS


@record
class LaneRates(NamedTuple):
    """A model's functions for runs side by side (``motion.LaneMotion``), and for one of them."""

    rates: Rates
    single: Rates


@record
class Block(NamedTuple):
    """``width`` runs: number k of run l at ``k * width + l`` in every array but those said.

    ``work`` holds x, before, peak, slopes and p, in this order (``step_source.Rows``).
    points (width,): their numbers in the recordings; the first ``used`` count. x: states, then
    delayed values; stage: the same at a stage, or how often steps surprised an exponential method;
    slopes (5, room * width): what the field writes at the start of a step, at the end of the last,
    and at later stages; base, p: parameters, without and with their inputs; ring (H, delayed *
    width): signals; reads, kinks: how they are read; before, peak: the last state and the largest
    slopes; amplitude: of the noise, or the relaxations of an exponential method; alive (width,):
    runs under way; odd (width,): how many slopes of a run look like a pole; one, one_slopes: room
    for the numbers of a single run.
    """

    width: int
    used: int
    points: Indices
    work: Vector
    x: Vector
    stage: Vector
    slopes: Matrix
    base: Vector
    p: Vector
    ring: Matrix
    reads: Stencils
    kinks: Annotated[np.ndarray, FLAGS]
    before: Vector
    peak: Vector
    amplitude: Vector
    alive: Annotated[np.ndarray, FLAGS]
    odd: Indices
    one: Vector
    one_slopes: Matrix


@record
class BlockForcing(NamedTuple):
    """``fixed_step.Forcing`` of a block: values (d, steps, 3, 1 or width)."""

    driven: Indices
    values: Annotated[np.ndarray, types.Array(types.float64, 4, "C")]


@record
class BlockNoise(NamedTuple):
    """Increments (steps, q * width) from step ``first`` on of the states ``noisy`` (q,)."""

    first: int
    increments: Matrix
    noisy: Indices


@record
class Results(NamedTuple):
    """What runs leave behind: x (P, n) final states; past (P, H, delayed), final ones; recording as
    in ``fixed_step``."""

    x: Matrix
    past: Cube
    recording: Recording
