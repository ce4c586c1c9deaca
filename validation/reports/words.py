"""The words of a report, defined: what was compared, when it agrees, and why so."""

from __future__ import annotations

from validation.measures.rates import LEAST_POWER
from validation.trials.causes import LEAST
from validation.trials.findings import AGREE, DIFFER, EXPLAINED, UNDECIDED, UNTESTED
from validation.trials.planning import Plan
from validation.trials.probing import CALM, QUIET, STRONGEST, WINDOW


def glossary(plan: Plan) -> dict[str, str]:
    """Word -> definition, with the numbers of this plan."""
    network, allowed = plan.network, plan.tolerances.deviations
    kick = network.kick
    strength = kick.written(kick.strength, network.model)
    return {
        "mean field": f"the equations of {plan.model.name}, for infinitely many neurons.",
        "network": f"{network.size}, {network.wired}, with the same parameters.",
        "spread": "the standard deviation that the noise of a network of this size leaves in a run "
        "of this duration: predicted from the theory of its fluctuations where there is one, else "
        "measured in the run; the prediction's own error is added.",
        "z": "network less prediction in units of the spread.",
        AGREE: f"z within {allowed:g}: chance alone puts fewer than 3 of 1000 correct predictions "
        "beyond 3.",
        EXPLAINED: "the number differs, and agrees with the prediction computed again without one "
        f"named approximation, or that takes away {100 * LEAST:.0f} % of the difference.",
        DIFFER: "the number differs and no correction explains it; those that were tried are named "
        "with what they gave, and it is said where no time was left to try them.",
        UNDECIDED: "too little was measured to tell.",
        UNTESTED: "no test was made, for the reason given; silence on both sides is none.",
        "rhythm": f"power of {network.rates[0]} below 70 Hz (in Hann windows of 500 ms, as "
        f"published) above {_bound(plan)}.",
        "from below, from above": f"after a kick of {strength} down or up to {kick.parameter} for "
        f"300 ms, or of 2 to {STRONGEST:g} times as much where the mean field needs it to change "
        f"its state; {WINDOW:g} ms (or 8 periods) are measured from {CALM:g} ms on.",
        "no wiring": "a network whose spikes go out along the synapses of neurons drawn anew: what "
        "is left is the neurons' own response to their inputs, and the noise of as many neurons.",
        "another delay": "a network each of whose synapses has a delay of its own: trains are as "
        "regular as the network's, but no two neurons hear the same ones together.",
        "boundary": "where, along one parameter, the answer to a yes-or-no question changes; found "
        "by halving a bracket, whose width over the root of 12 is its standard deviation.",
    }


def _bound(plan: Plan) -> str:
    """From which power on a rhythm counts."""
    allowed = plan.tolerances
    if allowed.rhythm in (None, LEAST_POWER):
        return f"{LEAST_POWER:g} Hz^2, more below {QUIET} neurons, as noise is"
    return (
        f"{allowed.rhythm:.2g} Hz^2 in the mean field, a quarter of its weakest rhythm's, and "
        f"{allowed.rhythm_in_network:.2g} Hz^2 in the network, between its noise at rest, as "
        "measured in a run, and noise and rhythm together"
    )
