"""A network of one's own: what its two methods may say, and what is told where they slip."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

from dynsys.errors import ModelError, UnknownNameError
from dynsys.models import wilson_cowan
from validation.networks.own import OwnTestable

SAID = {"neurons": 100, "rates": ["E", "I"], "input": "P", "kick": 1.0}


def rates(duration, value=3.0, step=0.5, dimension="time", names=("E", "I")):
    times = np.arange(0.0, duration, step)
    values = np.full(len(times), value)
    return xr.Dataset(dict.fromkeys(names, (dimension, values)), {dimension: times})


class Mine:
    """A network that says and does what it is given."""

    def __init__(self, said=SAID, made=rates):
        self.said, self.made = said, made

    def describe(self):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def run(self, duration, seed, inputs, **parameters):
        return self.made(duration)


def test_a_run_is_taken_as_it_comes():
    found = OwnTestable(wilson_cowan(), Mine()).job(100.0, seed=3, settle=50.0).run()
    assert float(found["E"].mean()) == 3.0
    assert found.sizes["time"] == 200
    assert found.attrs["neurons"] == 100


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({k: v for k, v in SAID.items() if k != "kick"}, "says nothing about kick"),
        ([1], "give a mapping"),
        (SAID | {"rates": "E"}, "give a list of names"),
        (SAID | {"rates": ["r"]}, "has no observable 'r'"),
        (SAID | {"rates": ["I"]}, "named by E"),
        (SAID | {"kick": "2 Hz"}, "kick of describe() is '2 Hz'"),
        (SAID | {"kick": 0}, "kick of describe() is 0"),
        (SAID | {"neurons": 0}, "neurons of describe() is 0"),
        (SAID | {"input": "current"}, "has no input 'current'"),
        (SAID | {"seconds": -1}, "seconds of describe() is -1"),
        (SAID | {"accuracy": "good"}, "accuracy of describe()"),
        (ValueError("boom"), "describe() of your Mine fails: ValueError: boom"),
    ],
)
def test_what_it_says_of_itself_is_checked(said, words):
    with pytest.raises((ModelError, UnknownNameError), match=re.escape(words)):
        OwnTestable(wilson_cowan(), Mine(said))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda T: 1 / 0, "run(...) of your Mine fails: ZeroDivisionError"),
        (lambda T: {"E": [1.0]}, "it must be a Dataset"),
        (lambda T: rates(T, names=("E",)), "holds no I over time"),
        (lambda T: rates(T, dimension="t"), "holds no E over time"),
        (lambda T: rates(T / 2), "of 100 ms"),
        (lambda T: rates(T, step=2.0), "steps of at most 1 ms"),
        (lambda T: rates(T, value=-3.0), "E of the network's run falls to -3 Hz"),
        (lambda T: rates(T, value="a"), "give numbers"),
    ],
)
def test_what_it_does_is_checked(made, words):
    job = OwnTestable(wilson_cowan(), Mine(made=made)).job(100.0)
    with pytest.raises(ModelError, match=re.escape(words)):
        job.run()


@pytest.mark.parametrize("network", [Mine, "net", object()])
def test_what_is_no_network_is_told_what_one_needs(network):
    with pytest.raises(ModelError, match="the methods describe"):
        OwnTestable(wilson_cowan(), network)
