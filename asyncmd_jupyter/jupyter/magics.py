"""The ``%asyncmd`` magic: finds the command, and lets the cell wait where it takes time."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from asyncmd_jupyter.jupyter import configurable
from asyncmd_jupyter.jupyter.awaiting import MAGIC, await_magics, takes_time
from asyncmd_jupyter.jupyter.caller import (
    Obstacle,
    has_loop,
    is_within_a_cell,
    is_within_a_magic,
    obstacle,
)
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.notices import hide_warnings, show_warnings
from asyncmd_jupyter.jupyter.offer import offer_attach
from asyncmd_jupyter.jupyter.parsers import SubCommand, command_help
from asyncmd_jupyter.jupyter.question_mark import answer_question_marks
from asyncmd_jupyter.jupyter.registry import command_named, commands
from asyncmd_jupyter.jupyter.saving import save_views
from asyncmd_jupyter.jupyter.telling import one_line_errors, say
from asyncmd_jupyter.jupyter.waiting import (
    Answer,
    InnerError,
    StoppedWaiting,
    carried_out_here,
    shown_errors,
)

__all__ = ["AsyncMDMagics", "StoppedWaiting", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Add the magic, its completions, and waiting without blocking."""
    unload_ipython_extension(shell)
    show_warnings()
    if not hasattr(shell, "_last_traceback"):
        # ipykernel makes it late: it never answers a first cell that awaits something and then
        # comes to a usage error, as the cell may that loads this extension.
        shell._last_traceback = None
    magics = AsyncMDMagics(shell)
    shell.register_magics(magics)
    shell.events.register("post_run_cell", magics.end_cell)
    shell.input_transformers_cleanup.append(answer_question_marks)
    shell.input_transformers_post.append(await_magics)
    shell.events.register("post_run_cell", save_views)
    configurable.register(shell)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(complete_asyncmd)
    offer_attach()


def unload_ipython_extension(shell: Any) -> None:
    """Take away what `load_ipython_extension` added; runs and jobs go on."""
    hide_warnings()
    for kind in ("line", "cell"):
        magic = shell.magics_manager.magics[kind].pop(MAGIC, None)
        if magic is not None:
            with suppress(ValueError):
                shell.events.unregister("post_run_cell", magic.__self__.end_cell)
    _discard(shell.input_transformers_cleanup, answer_question_marks)
    _discard(shell.input_transformers_post, await_magics)
    configurable.unregister(shell)
    with suppress(ValueError):
        shell.events.unregister("post_run_cell", save_views)
    if shell.Completer is not None:
        _discard(shell.Completer.custom_matchers, complete_asyncmd)


@magics_class
class AsyncMDMagics(Magics):
    """Runs, jobs and their views from a notebook."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._loaded_in = self._cell()
        self._answers: weakref.WeakSet[Answer] = weakref.WeakSet()
        self._inner_error: InnerError | None = None

    @line_cell_magic(MAGIC)  # type: ignore[arg-type]
    def asyncmd(self, line: str, cell: str | None = None) -> Any:
        """Run MD in the background until something happens, and watch it.

        ::

          %asyncmd propagate ENGINE --from START --until CONDITION ... --name NAME
          %asyncmd runs
          %asyncmd wait NAME -o result
          %asyncmd cancel NAME
          %asyncmd attach

        ``%asyncmd help`` lists the commands, ``%asyncmd propagate --help`` tells all about
        one of them. A cell that begins with ``%%asyncmd propagate`` starts several runs.
        """
        with shown_errors(), one_line_errors():
            word, _, rest = line.strip().partition(" ")
            default = "help" if cell is None else "propagate"
            command = command_named(word or default)
            if {"-h", "--help"} & set(rest.split()):
                return say(command_help(command))
            if cell is None:
                return self._answer_line(command, rest)
            answer = command.answer_cell
            if answer is None:
                able = [known.name for known in commands() if known.answer_cell is not None]
                raise UsageError(
                    f"%%asyncmd {command.name} takes no cell, only {', '.join(able)} does: write "
                    f"%asyncmd {command.name} with one percent sign."
                )
            return self._later(command, f"{rest}\n{cell}", lambda book: answer(book, rest, cell))

    def _answer_line(self, command: SubCommand, rest: str) -> Any:
        arguments = command.read(rest)
        return self._later(command, f"{rest} ", lambda book: command.answer(book, arguments))

    def _later(self, command: SubCommand, text: str, answer: Callable[[Notebook], Any]) -> Any:
        """Check and begin at once; what takes time after that is awaited by the cell."""
        if not takes_time(command, text):
            return answer(Notebook(self.shell))
        shown = f"%asyncmd {command.name}"
        if not has_loop():
            return carried_out_here(shown, lambda: _awaited(answer(Notebook(self.shell))))
        why_not = obstacle(is_just_loaded=self._loaded_in == self._cell())
        work = answer(Notebook(self.shell, can_wait=why_not is None))
        if why_not is not None and command.only_waits:
            raise _cannot_wait(shown, work, why_not)
        given = Answer(
            shown, _awaited(work), why_not, is_told=not command.starts_at_once(text.split())
        )
        self._answers.add(given)
        return given

    def _cell(self) -> int:
        return getattr(self.shell, "execution_count", 0)

    def end_cell(self, result: Any) -> None:
        """See to it that nothing is lost of what a cell has not awaited, and no error of it."""
        error = getattr(result, "error_in_exec", None)
        if is_within_a_cell():
            if isinstance(error, InnerError) and is_within_a_magic():
                self._inner_error = error
            return
        for answer in list(self._answers):
            answer.go_on_alone()
        inner, self._inner_error = self._inner_error, None
        if inner is not None and result is not None and result.success:
            result.error_in_exec = inner


def _cannot_wait(shown: str, work: Any, why_not: Obstacle) -> UsageError:
    work.close()
    return UsageError(f"{shown} can't wait {why_not.where}: {why_not.instead}.")


def _awaited(work: Coroutine[Any, Any, Any] | None) -> Coroutine[Any, Any, Any] | None:
    return None if work is None else _in_one_line(work)


async def _in_one_line(work: Coroutine[Any, Any, Any]) -> Any:
    with one_line_errors():
        return await work


def _discard(things: list[Any], thing: Any) -> None:
    while thing in things:
        things.remove(thing)
