"""``dynsys completion``: what lets a shell finish words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from typing import Any

from dynsys.library import contents

SHELLS = ("bash", "zsh", "fish")
_ABOUT = """\
Print a script that lets your shell complete commands, options and models.

  eval "$(dynsys completion bash)"           in ~/.bashrc
  eval "$(dynsys completion zsh)"            in ~/.zshrc, after compinit
  dynsys completion fish | source            in ~/.config/fish/config.fish
"""
_BASH = """\
_dynsys() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}}
complete -o filenames -F _dynsys dynsys
"""


def add_completion(subparsers: Any) -> None:
    """Add ``dynsys completion``; it completes all commands that are there when it runs."""
    parser = subparsers.add_parser(
        "completion", help="a script that completes commands in your shell",
        description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("shell", choices=SHELLS, help="which shell")
    parser.set_defaults(run=partial(_print, subparsers))


def _print(subparsers: Any, chosen: argparse.Namespace) -> None:
    helps = {action.dest: action.help or "" for action in subparsers._choices_actions}
    print(completion(chosen.shell, subparsers.choices, helps), end="")


def completion(
    shell: str, commands: Mapping[str, argparse.ArgumentParser], helps: Mapping[str, str]
) -> str:
    """The script for a shell: one of ``SHELLS``.

    Example
    -------
    >>> completion("fish", {"models": argparse.ArgumentParser()}, {"models": "what there is"})
    """
    if shell == "fish":
        return _fish(commands, helps)
    models = " ".join(contents())
    cases = [
        f'    {name}) words="{" ".join([*_options(parser), models])}" ;;'
        for name, parser in sorted(commands.items())
    ]
    script = _BASH.format(commands=" ".join(sorted(commands)), cases="\n".join(cases))
    return script if shell == "bash" else f"autoload -U +X bashcompinit && bashcompinit\n{script}"


def _options(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Every long option of a command with its help."""
    return {
        option: action.help or ""
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def _fish(commands: Mapping[str, argparse.ArgumentParser], helps: Mapping[str, str]) -> str:
    lines = []
    for name, parser in sorted(commands.items()):
        first = f"complete -c dynsys -n __fish_use_subcommand -a {name}"
        lines.append(f"{first} -d {_quoted(helps.get(name, ''))}")
        inside = f"complete -c dynsys -n '__fish_seen_subcommand_from {name}'"
        lines += [f"{inside} -l {o[2:]} -d {_quoted(h)}" for o, h in _options(parser).items()]
        lines.append(f"{inside} -a '{' '.join(contents())}'")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text in single quotes of fish, in which only the quote and the backslash are special."""
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"
