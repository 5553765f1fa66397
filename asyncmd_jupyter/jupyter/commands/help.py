"""``%asyncmd help``."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, command_help
from asyncmd_jupyter.jupyter.telling import say


def _arguments(parser: Any) -> None:
    parser.add_argument("command", metavar="COMMAND", nargs="?", help="One of the commands.")


def _answer(_notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.registry import command_named, overview

    name = arguments.command
    say(overview() if name is None else command_help(command_named(name)))


COMMAND = SubCommand(
    name="help",
    summary="Show what there is, or all about one command.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd help wait",),
    group="Settings",
    usage="[COMMAND]",
)
