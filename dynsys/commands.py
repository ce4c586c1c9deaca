"""The command ``dynsys``: subcommands come from the entry-point group ``dynsys.commands``.

Their modules are all imported to make the parser: they import what computes only when they run.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import runpy  # noqa: TID251  a model file is the user's own program, named by its path
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynsys.activity import telling
from dynsys.errors import DynsysError, ModelError, StorageError, unknown_name
from dynsys.interruption import INTERRUPTED, leave, say_interrupted
from dynsys.journal import whole
from dynsys.library import contents
from dynsys.storage import check_directory, keeping
from dynsys.version import __version__

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

GROUP = "dynsys.commands"
UNSURE = 3  # exit code of a command that has written a result and doubts it
_FAILED, _UNREADABLE = 1, 2
_FIGURES = (".png", ".svg", ".pdf")
_ABOUT = """\
Bifurcation analysis of neural population models, from the model's name to the figure.

  dynsys models                                   what there is
  dynsys describe aln                             equations, parameters, units
  dynsys equilibria aln --parameter mu_e 0 3 --set mu_i=0.5 --out run
  dynsys diagram aln --x mu_e 0 3 --y mu_i 0 3 --out figure2a

A model is a name of the library or your own: path/to/file.py:name, where name is a VectorField or
a function that returns one, path/to/file.ode, a model written for XPPAUT, or path/to/file.xml
(.sbml), a model in SBML.
"""


class _Once(argparse.Action):
    """An option with a value, which may be given once: two values contradict each other."""

    def __call__(self, _: Any, chosen: argparse.Namespace, words: Any, __: Any = None) -> None:
        given = vars(chosen).setdefault("_given", set())
        if self.option_strings and self.dest in given:
            raise argparse.ArgumentError(self, "is given twice; leave out one of them")
        given.add(self.dest)
        setattr(chosen, self.dest, words)


class AxisWords(_Once):
    """An option with a parameter's name, alone or with the ends of its span: NAME [LOW HIGH]."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        metavar = ("NAME", "LOW HIGH")
        super().__init__(option_strings, dest, nargs="+", metavar=metavar, **options)


class _Parser(argparse.ArgumentParser):
    """An argument parser that answers a wrong word with the nearest right ones."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for action in (None, "store"):
            self.register("action", action, _Once)
        # Before Python 3.14, argparse takes -1e-3 for an option, because of its exponent.
        self._negative_number_matcher = re.compile(r"-\.?\d[\d_]*\.?\d*([eE][+-]?\d+)?$")

    def _get_nargs_pattern(self, action: argparse.Action) -> str:
        if isinstance(action, AxisWords):
            return "(A(?:AA)?)"  # NAME, or NAME LOW HIGH; what else follows is another argument
        return super()._get_nargs_pattern(action)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        kind = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
        error = unknown_name(kind, str(value), choices, argparse._get_action_name(action) or "it")
        raise argparse.ArgumentError(None, str(error).replace("COMMAND has", "dynsys has"))

    def error(self, message: str) -> Any:
        self.print_usage(sys.stderr)
        self.exit(_UNREADABLE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns the exit code: 0; 1 where a model, a value or a computation fails; 3 where a command
    wrote a result that it doubts itself (what a command's function returns); 130 after Ctrl-C.
    Exits with 2 where the command line itself cannot be read.
    """
    try:
        parser = _parser()
        chosen = parser.parse_args(arguments)
        if not hasattr(chosen, "run"):
            parser.print_help()
            return 0
        return _run(chosen)
    except BrokenPipeError:  # the reader, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say_interrupted()
        if arguments is None:
            leave()
        return INTERRUPTED


def _run(chosen: argparse.Namespace) -> int:
    """Run a subcommand; what it computed is kept, if need be elsewhere than where it should go."""
    try:
        with whole(say=True), keeping() as elsewhere, warnings.catch_warnings():
            warnings.showwarning = _say
            with telling(chosen.command):
                code = chosen.run(chosen)
    except DynsysError as error:
        if chosen.debug:
            raise
        print(f"dynsys: {error}", file=sys.stderr)
        return _FAILED
    return _FAILED if elsewhere else code or 0


def _say(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """A warning in a line of its own, without the place in the source."""
    print(f"dynsys: warning: {message}", file=sys.stderr)


def results_directory(word: str) -> Path:
    """The argument of ``--out``: a directory to which results can be written, checked at once."""
    try:
        check_directory(Path(word))
    except StorageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(word)


def results_file(word: str) -> Path:
    """An argument that names a file of results: not a directory, and below one to write to."""
    if Path(word).is_dir():
        raise argparse.ArgumentTypeError(f"{word} is a directory; give a file")
    results_directory(str(Path(word).parent))
    return Path(word)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="dynsys", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"dynsys {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            entry.load()(subparsers)
        except Exception as error:  # one broken package must not take the others' commands away
            print(f"dynsys: the command {entry.name} cannot be loaded: {error}", file=sys.stderr)
    return parser


def add_models(subparsers: Any) -> None:
    """``dynsys models``."""
    parser = subparsers.add_parser("models", help="list the model library")
    parser.set_defaults(run=_list_models)


def _list_models(_: argparse.Namespace) -> None:
    known = contents()
    width = max(map(len, known))
    for name, line in known.items():
        print(f"{name:<{width}}  {line}")


def add_describe(subparsers: Any) -> None:
    """``dynsys describe MODEL``."""
    parser = subparsers.add_parser(
        "describe", help="states, parameters, equations, observables and source of a model"
    )
    add_model_arguments(parser)
    parser.set_defaults(run=lambda chosen: print(model_from(chosen).describe()))


def add_command(subparsers: Any, name: str, purpose: str, about: str) -> argparse.ArgumentParser:
    """A command on a model that writes results: its parser, with the model's arguments and --out.

    ``purpose`` is its line in the list of commands, ``about`` the text of its own help.
    """
    parser = subparsers.add_parser(
        name, help=purpose, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model_arguments(parser)
    parser.add_argument("--out", type=results_directory, required=True, help="where results go")
    return parser


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a model and its parameter values."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="library name, path/to/file.py:name, path/to/file.ode or path/to/file.xml (SBML)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="values",
        help="a parameter value (repeat for several)",
    )  # fmt: skip
    parser.add_argument(
        "--set-file", type=Path, action="append", default=[], metavar="FILE",
        help="a file of parameter values, NAME=VALUE in each line; --set wins over it",
    )  # fmt: skip
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", dest="options",
        help="an option of a library model, as circuit=divolo2019 of master_equation or "
        "wiring=published of aln (repeat for several)",
    )  # fmt: skip
    parser.add_argument(
        "--time-unit", choices=("ms", "s"),
        help="time unit of an .ode or SBML file that does not say; frequencies are in Hz with one",
    )  # fmt: skip
    parser.add_argument(
        "--wiring", choices=("stated", "published"), help="short for --option wiring=..."
    )


def model_from(chosen: argparse.Namespace) -> VectorField:
    """The model a command line names; errors name the nearest right word."""
    options = list(chosen.options)
    if chosen.wiring is not None:
        if any(option.partition("=")[0] == "wiring" for option in options):
            raise ModelError("--wiring and --option wiring=... say the same; leave out one of them")
        options.append(f"wiring={chosen.wiring}")
    model = _find_model(chosen.model, options, chosen.time_unit)
    values: dict[str, float] = {}
    for path in chosen.set_file:
        values |= assigned_values(_lines_of(path))
    return model.with_parameters(**values | assigned_values(chosen.values))


def check_varied(chosen: argparse.Namespace, *names: str) -> None:
    """ModelError for a value that --set gives to a parameter that is varied."""
    for name in assigned_values(chosen.values).keys() & set(names):
        raise ModelError(f"--set {name}=... cannot act: {name} is varied; leave it out")


def _lines_of(path: Path) -> list[str]:
    """The lines of a file of parameter values; comments (#) and empty lines are left out."""
    try:
        raw = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"--set-file {path} cannot be read: {error}") from error
    lines = [line.partition("#")[0].strip().rstrip(",") for line in raw]
    return [line for line in lines if line]


def assigned_values(assignments: Sequence[str]) -> dict[str, float]:
    """The values of NAME=VALUE words; ModelError for what is none, or contradicts another."""
    values: dict[str, float] = {}
    for assignment in assignments:
        name, sign, text = assignment.partition("=")
        try:
            value = float(text)
        except ValueError:
            sign = ""
        if not sign:
            raise ModelError(f"--set {assignment!r} is not NAME=VALUE, for instance --set a=15")
        if values.setdefault(name.strip(), value) != value:
            raise ModelError(f"--set gives {name.strip()} two values; leave out one of them")
    return values


def check_figure(path: Path | None) -> None:
    """ModelError where a figure's file has another ending than .png, .svg or .pdf."""
    if path is not None and path.suffix not in _FIGURES:
        raise ModelError(
            f"--plot {path}: a figure ends in {', '.join(_FIGURES)}; try {path.with_suffix('.png')}"
        )


def _find_model(
    name: str, options: Sequence[str] = (), time_unit: str | None = None
) -> VectorField:
    # Here, since the command line's help should not wait for it.
    from dynsys.models import LIBRARY

    if name.lower().endswith((".ode", ".xml", ".sbml")):
        if options:
            raise ModelError(f"options belong to library models; {name} is your own")
        return _read_file(name, time_unit)
    if time_unit is not None:
        raise ModelError(f"--time-unit belongs to .ode and SBML files; {name} declares its own")
    if ".py:" in name:
        if options:
            raise ModelError(f"options belong to library models; {name} is your own")
        return _own_model(name)
    if name not in LIBRARY:
        raise unknown_name("model", name, LIBRARY, "the library")
    return LIBRARY[name](**_typed_options(name, LIBRARY[name], options))


def _read_file(name: str, time_unit: str | None) -> VectorField:
    """The model of an .ode or SBML file."""
    if name.lower().endswith(".ode"):
        # Here, since the command line's help should not wait for a reader and its grammar.
        from dynsys.exchange.ode_reader import read_ode

        return read_ode(name, time_unit=time_unit or "")
    # Here too.
    from dynsys.exchange.sbml_reader import read_sbml

    return read_sbml(name, time_unit=time_unit)


def _typed_options(
    name: str, factory: Callable[..., VectorField], options: Sequence[str]
) -> dict[str, Any]:
    """NAME=VALUE words as arguments of a model's function, typed like their defaults."""
    known = {
        k: type(p.default)
        for k, p in inspect.signature(factory).parameters.items()
        if isinstance(p.default, (str, int))
    }
    result: dict[str, Any] = {}
    for option in options:
        key, sign, text = option.partition("=")
        if key not in known:
            raise unknown_name("option", key, known, f"the model {name}")
        if key in result:
            raise ModelError(f"--option gives {key} twice; leave out one of them")
        kind = known[key]
        words = {"true": True, "false": False}
        try:
            result[key] = words[text.lower()] if kind is bool else kind(text)
        except (KeyError, ValueError):
            sign = ""
        if not sign:
            allowed = "true or false" if kind is bool else f"a {kind.__name__}"
            raise ModelError(f"--option {option!r}: {key} of {name} is {allowed}") from None
    return result


def _own_model(name: str) -> VectorField:
    """The model of ``path/to/file.py:name``, a VectorField or a function that returns one."""
    # Here, since the command line's help should not wait for it.

    # As above.
    from dynsys.vector_field import VectorField

    path, _, attribute = name.rpartition(":")
    if not Path(path).is_file():
        raise ModelError(f"there is no file {path}")
    try:
        content = runpy.run_path(path)
        public = [k for k, v in content.items() if k[0] != "_" and _may_be_model(v, path)]
        if attribute not in content:
            raise unknown_name("model", attribute, public, path)
        model = content[attribute]
        model = model() if callable(model) else model
    except DynsysError:
        raise
    except Exception as error:  # the user's own file may raise anything
        raise ModelError(
            f"{path} cannot be run: {type(error).__name__}: {error} "
            "(`dynsys --debug ...` shows where)"
        ) from error
    if not isinstance(model, VectorField):
        raise ModelError(f"{name} is a {type(model).__name__}; it must be a VectorField")
    return model


def _may_be_model(value: Any, path: str) -> bool:
    """Whether a name of a user's file is worth suggesting: a model or a function of that file."""
    # Here, since the command line's help should not wait for it.
    from dynsys.vector_field import VectorField

    code = getattr(value, "__code__", None)
    return isinstance(value, VectorField) or (code is not None and code.co_filename == path)
