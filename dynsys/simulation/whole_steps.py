"""Fixed steps for blocks of runs of models that take a step in one loop (``step_source``).

The same digits and the same reports as ``blocks.advance``, which takes a step stage by stage.
"""

from __future__ import annotations

from numba import types

from dynsys.compiled.clock import Clock
from dynsys.compiled.kernels import FIELD_TYPE
from dynsys.compiled.records import Vector, signature
from dynsys.numba_cache import njit
from dynsys.simulation.block_arrays import Block, LaneRates, Results
from dynsys.simulation.blocks import (
    disagree,
    leave,
    look_back,
    mark_suspects,
    not_finite,
    record,
    retire,
)


@njit(
    [signature(types.void, LaneRates, FIELD_TYPE, int, Block, Clock, Results, Vector, Vector)],
    cache=True,
    nogil=True,
    _nrt=False,
)
def advance_whole(model, take, stages, block, clock, results, span, doubts):
    """Take all steps of a block: without delays, inputs and noise.

    ``take`` takes one, ``stages`` are its method's; ``span`` (1,) is its length, ``doubts`` (1,)
    room for what it counts.
    """
    settle, stride, total = clock.settle, clock.stride, clock.settle + clock.steps
    rates, x, p, work = model.rates, block.x, block.p, block.work
    rate, k0 = block.slopes[0], block.slopes[1]
    k1, k2, k3 = block.slopes[2], block.slopes[3], block.slopes[4]
    size = block.before.shape[0]
    rates.field(x, p, rates.tables, rate)
    for i in range(size):
        block.peak[i] = abs(rate[i])
    if not_finite(rate, size) > 0:
        retire(block, rate, results, 0)
    for step in range(total + 1):
        forced = step - settle
        if forced >= 0 and forced % stride == 0:
            rates.watch(x, p, rates.tables, rate)  # its slopes are those at hand
            record(block, rate, results, forced // stride, step)
        if step == total:
            break
        take(work, span, rates.tables, doubts)
        if doubts[0] > 0.0:
            if not_finite(x, size) + not_finite(rate, size) > 0:
                retire(block, rate, results, step + 1)
            if disagree(stages, k0, k1, k2, k3, rate, block.peak):
                mark_suspects(stages, k0, k1, k2, k3, rate, block.peak, block.odd)
                slopes = (k0, k1, k2, k3, rate)
                look_back(model, block, slopes, stages, results, step + 1, clock.dt, True)
    for lane in range(block.used):
        if block.alive[lane]:
            leave(block, results, lane, total)
