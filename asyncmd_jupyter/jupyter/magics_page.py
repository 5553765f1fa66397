"""Writes ``docs/magics.md`` from the parsers: ``python -m asyncmd_jupyter.jupyter.magics_page``."""

from __future__ import annotations

import sys
from argparse import Action
from collections.abc import Iterator
from pathlib import Path

from asyncmd_jupyter.files.writing import write_text
from asyncmd_jupyter.jupyter.named_settings import settings
from asyncmd_jupyter.jupyter.parsers import GROUPS, SubCommand
from asyncmd_jupyter.jupyter.registry import commands

_HEAD = """\
# The magics

This page is written from the parsers: `python -m asyncmd_jupyter.jupyter.magics_page`.

`%load_ext asyncmd_jupyter` adds `%asyncmd` to a notebook. Tab completes commands, options and
their values; `%asyncmd propagate?` and `%asyncmd propagate --help` show what is below for one
command. What is wrong is said in one line before anything starts, and the cell fails. Commands
that take time let the cell wait while everything else goes on; interrupting such a cell leaves
runs alone. Where nothing can wait, such as inside `%%time` and `%%capture`, in a function that
is not `async def`, or in a script, runs start all the same, `wait` fails and says what to write,
and the other commands go on in the background.

Names of engines, conditions and trajectories are those of the notebook; `walkers[0]` and
`run.result` can be written in their place. Where a RUN is asked for, the name of a campaign
stands for all of its runs.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, "\n".join(_contents())]
    parts += ["\n".join(_section(command)) for command in commands()]
    parts += ["\n".join(_settings())]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def main() -> None:
    """Write it where the first argument says, into docs of the checkout without one."""
    default = Path(__file__).parents[2] / "docs" / "magics.md"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    write_text(target, page(), durable=False)


def _contents() -> Iterator[str]:
    for group in GROUPS:
        yield f"**{group}**\n"
        members = [command for command in commands() if command.group == group]
        yield from (f"* [`{c.name}`](#{c.name}): {c.summary}" for c in members)
        yield ""


def _section(command: SubCommand) -> Iterator[str]:
    yield f"## {command.name}\n"
    yield f"{command.summary}\n"
    yield f"```\n{f'%asyncmd {command.name} {command.usage}'.strip()}\n```\n"
    actions = [action for action in command.parser()._actions if action.dest != "help"]
    if actions:
        yield "| | |\n| --- | --- |"
        yield from map(_row, actions)
        yield ""
    if command.notes:
        yield _plain(command.notes) + "\n"
    yield from (f"```\n{example}\n```\n" for example in command.examples)


def _row(action: Action) -> str:
    kinds = action.metavar if isinstance(action.metavar, tuple) else (action.metavar or "",)
    more = " ..." if action.nargs in ("+", "*") else ""
    words = " ".join(filter(None, [", ".join(action.option_strings), *map(str, kinds)]))
    shown = f"{words}{more}".replace("|", "\\|")
    return f"| `{shown}` | {(action.help or '').replace('|', chr(92) + '|')} |"


def _plain(notes: str) -> str:
    return " ".join(notes.split())


def _settings() -> Iterator[str]:
    yield "## Settings by name\n"
    yield "For `%asyncmd config NAME=VALUE` and `%config AsyncMD.NAME = VALUE`.\n"
    yield "| name | |\n| --- | --- |"
    yield from (f"| `{setting.name}` | {setting.help} |" for setting in settings())


if __name__ == "__main__":
    main()
