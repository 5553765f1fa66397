"""Tab completion of ``%asyncmd`` lines and ``%%asyncmd`` cells."""

from __future__ import annotations

import re
from argparse import Action
from collections.abc import Sequence
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from asyncmd_jupyter.jupyter.campaign import is_run_line
from asyncmd_jupyter.jupyter.namespace import Namespace
from asyncmd_jupyter.jupyter.parsers import SubCommand, option_names, options, positionals
from asyncmd_jupyter.jupyter.registry import commands, find
from asyncmd_jupyter.jupyter.values import values_of

_LINE = re.compile(r"^\s*(?:[\w.,\[\]'\" ]+=\s*)?%{1,2}asyncmd\s(?P<rest>.*)$", re.DOTALL)
_CELL = re.compile(r"^\s*%%asyncmd(?P<rest>(?:\s.*)?)$")
_NOTHING = SimpleMatcherResult(completions=[], suppress=False)
_MOST = 500


@context_matcher(identifier="asyncmd_jupyter")  # type: ignore[untyped-decorator]
def complete_asyncmd(context: CompletionContext) -> SimpleMatcherResult:
    """Propose commands, options, and values of the right kind."""
    try:
        return _complete(context)
    except Exception:  # whatever the user has typed and named, Tab must not fail
        return _NOTHING


def _complete(context: CompletionContext) -> SimpleMatcherResult:
    text = _logical_line(context)
    if (line := _LINE.match(text)) is not None:
        rest, only = line["rest"], True
    elif (rest := _campaign_line(context, text)) is not None:
        only = bool(text.strip())
    else:
        return _NOTHING
    *words, fragment = re.split(r"\s+", rest.lstrip())
    found = candidates(words, _user_names(), fragment)
    return SimpleMatcherResult(
        completions=[SimpleCompletion(text=word, type="magic") for word in found[:_MOST]],
        matched_fragment=fragment,
        suppress=only,
    )


def candidates(words: Sequence[str], names: Namespace, fragment: str = "") -> list[str]:
    """List what may follow the words after ``%asyncmd``.

    Parameters
    ----------
    words : sequence of str
        The complete ones, from the command on.
    names : Mapping
        The user's namespace.
    fragment : str
        How it begins.
    """
    if not words:
        return [c.name for c in commands() if c.name.startswith(fragment)]
    command = find(words[0])
    if command is None:
        return []
    found = _after(command, words[1:], names, fragment)
    wanted = [word for word in found if word.startswith(fragment)]
    return wanted if fragment else sorted(wanted, key=lambda word: word.startswith("-"))


def _after(command: SubCommand, words: Sequence[str], names: Namespace, fragment: str) -> list[str]:
    known = options(command)
    more = [option for option in option_names(command) if option not in words]
    if fragment.startswith("-"):
        return more
    last = max((i for i, word in enumerate(words) if word in known), default=None)
    if last is not None and (slot := known[words[last]]).nargs != 0:
        given = words[last + 1 :]
        if not given or _takes_several(slot, len(given)):
            values = values_of(slot, names, given, fragment)
            return values if len(given) < _least(slot) else [*values, *more]
        loose = given[_least(slot) :]
    else:
        loose = words if last is None else words[last + 1 :]
    before = _loose(words[:last] if last is not None else (), known)
    return _positional(command, [*before, *loose], names, fragment, more)


def _positional(
    command: SubCommand, given: Sequence[str], names: Namespace, fragment: str, more: list[str]
) -> list[str]:
    slots = positionals(command)
    if not slots or (len(given) >= len(slots) and not _takes_several(slots[-1], len(given))):
        return more
    slot = slots[min(len(given), len(slots) - 1)]
    values = values_of(slot, names, given, fragment)
    must = slot.nargs not in ("?", "*") or slot.metavar == "ENGINE"
    return values if must and not given and values else [*values, *more]


def _loose(words: Sequence[str], known: dict[str, Action]) -> list[str]:
    """The words that belong to no option."""
    loose: list[str] = []
    takes: int | None = 0
    for word in words:
        if word in known:
            takes = _most(known[word])
        elif takes == 0:
            loose.append(word)
        elif takes is not None:
            takes -= 1
    return loose


def _takes_several(slot: Action, given: int) -> bool:
    most = _most(slot)
    return most is None or given < most


def _most(slot: Action) -> int | None:
    if slot.nargs in ("+", "*"):
        return None
    return slot.nargs if isinstance(slot.nargs, int) else 1


def _least(slot: Action) -> int:
    return slot.nargs if isinstance(slot.nargs, int) else 1


def _campaign_line(context: CompletionContext, text: str) -> str | None:
    """A line of a campaign as if it were a line of its own."""
    first = context.full_text.lstrip("\n").split("\n")[0]
    if context.cursor_line == 0 or (cell := _CELL.match(first)) is None:
        return None
    if cell["rest"].split()[:1] not in ([], ["propagate"]):
        return None
    bare = text.lstrip()
    if "propagate".startswith(bare) and bare and not bare.startswith("-"):
        return bare
    if bare == "-" or is_run_line(bare):
        words = bare.split(" ")
        return bare if words[0] == "propagate" else f"propagate {bare}"
    return None


def _logical_line(context: CompletionContext) -> str:
    """Join the lines that a backslash continues, up to the cursor."""
    lines = context.full_text.split("\n")[: context.cursor_line]
    text = context.text_until_cursor
    while lines and lines[-1].rstrip().endswith("\\"):
        text = f"{lines.pop().rstrip()[:-1]} {text}"
    return text


def _user_names() -> Namespace:
    from IPython import get_ipython

    shell: Any = get_ipython()
    hidden = shell.user_ns_hidden if shell is not None else {}
    names = shell.user_ns if shell is not None else {}
    return {name: value for name, value in names.items() if name not in hidden}
