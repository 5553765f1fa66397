"""All commands of ``%asyncmd``: one for each file in ``commands/``."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter import commands as package
from asyncmd_jupyter.jupyter.namespace import nearest
from asyncmd_jupyter.jupyter.parsers import GROUPS, SubCommand


@cache
def commands() -> tuple[SubCommand, ...]:
    """All commands, in the order in which they are shown."""
    names = [found.name for found in pkgutil.iter_modules(package.__path__)]
    made = [import_module(f"{package.__name__}.{name}").COMMAND for name in names]
    order = {name: place for place, name in enumerate(_ORDER)}
    return tuple(
        sorted(made, key=lambda c: (GROUPS.index(c.group), order.get(c.name, len(order)), c.name))
    )


# What is not here comes last in its group.
_ORDER = (
    *("propagate", "restart", "extract"),
    *("jobs", "runs", "show", "plot", "view", "tail", "why", "history"),
    *("wait", "cancel", "hold", "resume", "attach"),
    *("config", "help"),
)


def find(name: str) -> SubCommand | None:
    """The command of a name."""
    return next((command for command in commands() if command.name == name), None)


def command_named(name: str) -> SubCommand:
    """The command of a name.

    Raises
    ------
    UsageError
        With the nearest one.
    """
    command = find(name)
    if command is None:
        hint = nearest(name, [known.name for known in commands()])
        raise UsageError(f"%asyncmd has no command {name!r}.{hint}")
    return command


def overview() -> str:
    """List all commands."""
    width = max(len(command.name) for command in commands())
    lines = ["%asyncmd COMMAND ..."]
    for group in GROUPS:
        members = [command for command in commands() if command.group == group]
        lines += ["", f"{group}:", *(f"  {c.name:<{width}}  {c.summary}" for c in members)]
    examples = [f"  {command.examples[0]}" for command in commands()[:3]]
    more = "'%asyncmd COMMAND --help' or '%asyncmd COMMAND?' tells all about one of them."
    return "\n".join([*lines, "", "Examples:", *examples, "", more])
