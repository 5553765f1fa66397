"""Tab completion of ``%asyncmd`` lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from asyncmd_jupyter.jupyter.namespace import (
    Namespace,
    is_condition,
    is_engine,
    is_trajectory,
    names_of,
)
from asyncmd_jupyter.jupyter.parsers import SUBCOMMANDS, option_names, subcommand

_LINE = re.compile(r"^\s*(?:[\w.,\[\]'\" ]+=\s*)?%asyncmd\s(?P<rest>.*)$", re.DOTALL)
_NOTHING = SimpleMatcherResult(completions=[], suppress=False)


@context_matcher(identifier="asyncmd_jupyter")  # type: ignore[untyped-decorator]
def complete_asyncmd(context: CompletionContext) -> SimpleMatcherResult:
    """Propose sub-commands, options, and names of the right kind."""
    line = _LINE.match(_logical_line(context))
    if line is None:
        return _NOTHING
    *words, fragment = re.split(r"\s+", line["rest"].lstrip())
    found = [word for word in candidates(words, _user_names()) if word.startswith(fragment)]
    if not fragment:
        found = sorted(found, key=lambda word: word.startswith("-"))
    return SimpleMatcherResult(
        completions=[SimpleCompletion(text=word, type="magic") for word in found],
        matched_fragment=fragment,
        suppress=True,
    )


def candidates(words: Sequence[str], names: Namespace) -> list[str]:
    """List what may follow the words after ``%asyncmd``.

    Parameters
    ----------
    words : sequence of str
        The complete ones, from the sub-command on.
    names : Mapping
        The user's namespace.
    """
    if not words:
        return [command.name for command in SUBCOMMANDS]
    command = subcommand(words[0])
    if command is None:
        return []
    options = [option for option in option_names(command) if option not in words]
    follow = {"propagate": _after_propagate, "wait": _after_wait, "cancel": _after_cancel}
    if words[0] == "help":
        return [known.name for known in SUBCOMMANDS]
    if words[0] in follow:
        return follow[words[0]](words[1:], names, options)
    return options


def _after_propagate(words: Sequence[str], names: Namespace, options: list[str]) -> list[str]:
    if not words:
        return names_of(is_engine, names)
    last = max((i for i, word in enumerate(words) if word.startswith("-")), default=None)
    if last is None:
        return options
    option, given = words[last], words[last + 1 :]
    if option == "--until":
        wanted = [name for name in names_of(is_condition, names) if name not in given]
        return [*wanted, *options] if given else wanted
    if option in ("--all", "--continue", "--overwrite") or given:
        return options
    return names_of(is_trajectory, names) if option == "--from" else []


def _after_wait(words: Sequence[str], _names: Namespace, options: list[str]) -> list[str]:
    if words and words[-1] in ("-o", "--output"):
        return []
    return _unused([run.id for run in _runs()], words) + options


def _after_cancel(words: Sequence[str], _names: Namespace, options: list[str]) -> list[str]:
    going_on = [run.id for run in _runs() if not run.snapshot().state.is_final]
    return _unused([*going_on, *_job_ids()], words) + options


def _unused(proposals: Iterable[str], words: Sequence[str]) -> list[str]:
    return [proposal for proposal in proposals if proposal not in words]


def _runs() -> list[Any]:
    """Give the runs, without importing what no run can have been made with."""
    module = sys.modules.get("asyncmd_jupyter.sampling.run")
    return list(module.Runs.current().all()) if module is not None else []


def _job_ids() -> list[str]:
    module = sys.modules.get("asyncmd_jupyter.jobs.manager")
    if module is None:
        return []
    return [r.id for r in module.JobManager.current().records() if not r.state.is_final]


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
