"""No option is passed over in silence: it acts, or the command says why it cannot."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from continuation import bifurcation_diagram, equilibria, limit_cycles
from dynsys import ModelError, regime_map, simulate_ensemble
from dynsys.commands import _parser, main
from dynsys.models import fitzhugh_nagumo

OWN = "{here}/own.py:model"
PLANE = ["--x", "p", "0", "1", "--y", "q", "0", "1"]
# Options that act whatever else is said; those of a model are the same for all commands.
ALWAYS = {
    "compile": {"workers"},
    "completion": set(),
    "cycles": {"out", "seed", "step_max", "max_points", "parameter", "hopf", "observable"},
    "describe": set(),
    "diagram": {"out", "seed", "step_max", "max_points", "x", "y"},
    "doctor": set(),
    "equilibria": {"out", "seed", "step_max", "max_points", "parameter", "observable"},
    "explore": {"out"},
    "export": {"out", "to"},
    "map": {"x", "y", "observable", "duration", "settle", "dt", "swing", "scheduler", "out"},
    "models": set(),
    "network": {"out", "duration", "settle", "neurons", "dt", "seed", "engine"},
    "neuron": {"values", "out"},
    "prc": {"out", "values", "input", "unit"},
    "simulate": {"out", "duration", "settle", "record", "dt", "published"},
    "spectrum": {"neurons", "frequencies", "network", "near", "out"},
    "stimulate": {
        "out", "input", "duration", "settle", "record", "dt", "published", "step", "sine",
    },
    "tongue": {"out", "input", "amplitude", "ratio", "simulate"},
    "transfer-function": {"out", "plot"},
    "transfer-function fit": {
        "network", "target", "coefficients", "legacy_sigma", "adaptation", "points", "duration",
        "trials", "seed", "out", "grid", "plot",
    },
    "validate": {"out", "budget", "dry_run", "neurons", "dt", "seed", "engine"},
}  # fmt: skip
MODEL = {"values", "set_file"}  # act with every model
# Option of a command -> a command line in which it cannot act, and a word of the answer.
RUN = ["--duration", "5", "--out", "{here}/out"]
DRIVEN = ["stimulate", OWN, "--input", "p", "--step", "1", "0", "5", *RUN]
REFUSED = {
    ("", "options"): (["describe", OWN, "--option", "wiring=stated"], "library models"),
    ("", "time_unit"): (["describe", "aln", "--time-unit", "ms"], "--time-unit"),
    ("", "wiring"): (["describe", "morris_lecar", "--wiring", "stated"], "wiring"),
    ("diagram", "audit"): (
        ["diagram", OWN, "--x", "p", "0", "1", "--audit", "3", "--out", "{here}/out"], "--audit",
    ),
    ("diagram", "budget"): (
        ["diagram", OWN, "--x", "p", "0", "1", "--budget", "3", "--out", "{here}/out"], "--budget",
    ),
    ("diagram", "observable"): (
        ["diagram", OWN, *PLANE, "--observable", "x", "--out", "{here}/out"], "--observable",
    ),
    ("diagram", "scheduler"): (
        ["diagram", OWN, "--x", "p", "0", "1", "--scheduler", "local", "--out", "{here}/out"],
        "--scheduler",
    ),
    ("diagram", "asynchronous"): (
        ["diagram", OWN, "--x", "p", "0", "1", "--asynchronous", "--out", "{here}/out"],
        "--asynchronous",
    ),
    ("export", "parameter"): (
        ["export", OWN, "--to", "latex", "--parameter", "p", "0", "1", "--out", "{here}/out"],
        "--parameter",
    ),
    ("neuron", "holding"): (
        ["neuron", "rate", "tonic", "--holding", "5", "--out", "{here}/out"], "--holding",
    ),
    ("neuron", "span"): (
        ["neuron", "onset", "tonic", "--span", "1", "2", "--out", "{here}/out"], "--span",
    ),
    ("spectrum", "duration"): (
        ["spectrum", "aln", "--duration", "9", "--out", "{here}/out"], "--duration",
    ),
    ("spectrum", "seed"): (["spectrum", "aln", "--seed", "9", "--out", "{here}/out"], "--seed"),
    ("stimulate", "dendrite"): ([*DRIVEN, "--dendrite", "1200"], "dendrite"),
    ("stimulate", "morphology"): ([*DRIVEN, "--morphology", "{here}/own.py"], "morphology"),
    ("stimulate", "direction"): ([*DRIVEN, "--direction", "1", "0", "0"], "direction"),
    ("tongue", "published"): (
        ["tongue", OWN, "--input", "p", "--amplitude", "1", "--published", "--out", "{here}/out"],
        "published",
    ),
    **{
        ("transfer-function", name): (
            ["transfer-function", f"--{name}", "3", *more, "fit", "RS"], name,
        )
        for name, more in {
            **{k: [] for k in ("C", "gL", "EL", "DeltaT", "VT", "Vr", "Vs", "Tref")},
            "at": ["1"],
        }.items()
    },
    **{
        ("validate", name): (
            ["validate", "aln", "--diagram", "{here}/none.nc", *words, "--out", "{here}/out"],
            words[0],
        )
        for name, words in {
            "x": ["--x", "mu_e", "0", "1"], "y": ["--y", "mu_i", "0", "1"],
        }.items()
    },
    ("validate", "diagram"): (
        ["validate", "aln", "--diagram", "{here}/none.nc", "--set", "a=15", "--out", "{here}/out"],
        "--diagram",
    ),
    ("validate", "scheduler"): (
        ["validate", "aln", *PLANE, "--dry-run", "--scheduler", "tcp://h:1", "--out", "{here}/out"],
        "--scheduler",
    ),
    ("validate", "workers"): (
        ["validate", "aln", *PLANE, "--workers", "1", "--scheduler", "tcp://h:1",
         "--out", "{here}/out"],
        "--workers",
    ),
}  # fmt: skip


def commands(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, list]]:
    """Every command with its options; a subcommand stands for itself."""
    actions = [a for a in parser._actions if a.option_strings and a.dest != "help"]
    if name:
        yield name, actions
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from commands(below, f"{name} {word}".strip())


def test_every_option_acts_or_is_refused_somewhere():
    known = dict(commands(_parser()))
    assert known.keys() == ALWAYS.keys()
    for command, actions in known.items():
        names = {action.dest for action in actions}
        refused = {name for where, name in REFUSED if where == command}
        shared = MODEL | {name for where, name in REFUSED if not where}
        untold = names - ALWAYS[command] - refused - (shared if "set_file" in names else set())
        assert not untold, f"{command}: {untold} must act always, or be refused where they cannot"
        assert ALWAYS[command] <= names
        assert not (refused & ALWAYS[command]) and refused <= names


@pytest.mark.parametrize(("words", "answer"), REFUSED.values(), ids=[" ".join(k) for k in REFUSED])
def test_an_option_that_cannot_act_is_refused_before_any_work(words, answer, tmp_path, capsys):
    (tmp_path / "own.py").write_text(
        "from dynsys import VectorField\n"
        "model = VectorField('own', {'x': 1.0}, {'p': 1.0, 'q': 1.0}, {'x': 'p - q*x'},\n"
        "                    time_unit='')\n"
    )
    (tmp_path / "none.nc").write_bytes(b"")
    assert main([word.format(here=tmp_path) for word in words]) == 1
    assert answer in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "aln", "--duration", "5", "--duration", "6", "--out", "{here}"],
        ["equilibria", "aln", "--parameter", "mu_e", "0", "1", "--seed", "1", "--seed", "2",
         "--out", "{here}"],
        ["diagram", "aln", "--x", "mu_e", "0", "1", "--x", "mu_i", "0", "1", "--out", "{here}"],
        ["simulate", "aln", "--duration", "5", "--out", "{here}", "--out", "{here}"],
    ],
)  # fmt: skip
def test_a_value_given_twice_is_refused(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main([word.format(here=tmp_path) for word in words])
    assert left.value.code == 2
    assert "given twice" in capsys.readouterr().err


def test_two_values_of_a_parameter_or_an_option_are_refused(capsys):
    assert main(["describe", "aln", "--set", "mu_e=1", "--set", "mu_e=2"]) == 1
    assert "two values" in capsys.readouterr().err
    assert main(["describe", "aln", "--option", "wiring=stated", "--option", "wiring=published"])
    assert "twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["equilibria", "aln", "--parameter", "mu_e", "0", "1"],
        ["cycles", "aln", "--parameter", "mu_e", "0", "1"],
        ["diagram", "aln", "--x", "mu_e", "0", "1"],
        ["diagram", "aln", "--x", "mu_i", "0", "1", "--y", "mu_e", "0", "1"],
        ["map", "aln", "--x", "mu_i", "0", "1", "3", "--y", "mu_e", "0", "1", "3"],
        ["validate", "aln", "--x", "mu_i", "0", "1", "--y", "mu_e", "0", "1"],
    ],
)
def test_a_value_of_what_is_varied_is_refused(words, tmp_path, capsys):
    assert main([*words, "--set", "mu_e=1", "--out", str(tmp_path / "out")]) == 1
    assert "--set mu_e=... cannot act: mu_e is varied" in capsys.readouterr().err


def test_a_diagram_of_another_model_is_not_validated(tmp_path, capsys):
    from dynsys import State, VectorField

    model = VectorField(
        "other", {"x": State(0.5, (-3, 3))}, {"a": 0.0, "b": 1.0}, {"x": "a + b*x - x^3"},
        time_unit="",
    )  # fmt: skip
    bifurcation_diagram(model, x=("a", -1.0, 1.0), y=("b", -0.5, 1.5), audit=0).save(
        tmp_path / "diagram.nc"
    )
    words = ["validate", "aln", "--diagram", str(tmp_path / "diagram.nc")]
    assert main([*words, "--out", str(tmp_path)]) == 1
    assert "is a diagram of other, not of aln" in capsys.readouterr().err


FITZHUGH = fitzhugh_nagumo()
GRID = {"parameters": {"I": [0.1, 0.2]}, "dt": 0.05}
MAP = {"x": ("I", 0, 1, 2), "y": ("b", 0.5, 1, 2), "duration": 5.0, "settle": 1.0, "dt": 0.05}
# What is said of an argument of a public function that cannot act beside the others, and the call.
IDLE = {
    "seeds act on noise": lambda: simulate_ensemble(FITZHUGH, 5, seeds=[1, 2], **GRID),
    "leave out method='rk4'": lambda: simulate_ensemble(
        FITZHUGH, 5, method="rk4", discretisation="published", **GRID
    ),
    "a scheduler computes elsewhere": lambda: simulate_ensemble(
        FITZHUGH, 5, workers=2, scheduler="tcp://nowhere:1", **GRID
    ),
    "device='cuda' computes elsewhere": lambda: regime_map(
        FITZHUGH, **MAP, workers=2, device="cuda"
    ),
    "a seed is for a network": lambda: regime_map(FITZHUGH, **MAP, seed=3),
    "audit acts on planes": lambda: bifurcation_diagram(FITZHUGH, ("I", 0, 1), audit=3),
    "budget acts on planes": lambda: bifurcation_diagram(FITZHUGH, ("I", 0, 1), budget=3.0),
    "scheduler acts on planes": lambda: bifurcation_diagram(
        FITZHUGH, ("I", 0, 1), scheduler="local"
    ),
    "leave start out": lambda: limit_cycles(
        equilibria(FITZHUGH, "I", (0, 2))["H1"], "I", (0, 2), start=([0.1, 0.2], 30.0)
    ),
}


@pytest.mark.parametrize("words", IDLE)
def test_an_argument_that_cannot_act_is_refused(words):
    with pytest.raises(ModelError, match=words):
        IDLE[words]()


def test_an_ensemble_is_resumed_by_its_own_call_alone():
    done = simulate_ensemble(FITZHUGH, 5, settle=1.0, **GRID)
    assert simulate_ensemble(FITZHUGH, 5, settle=1.0, resume=done, **GRID).identical(done)
    others = [
        (FITZHUGH, {**GRID, "parameters": {"I": [0.1, 0.3]}}, "I differs"),
        (FITZHUGH, {**GRID, "settle": 2.0}, "settle differs"),
        (FITZHUGH, {**GRID, "method": "heun"}, "method"),
        (FITZHUGH.with_parameters(b=0.7), GRID, "parameters"),
    ]
    for model, options, words in others:
        with pytest.raises(ModelError, match=f"another call: .*{words}"):
            simulate_ensemble(model, 5, resume=done, **{"settle": 1.0, **options})
