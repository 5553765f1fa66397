"""The ``%asyncmd`` magic: finds the command, and lets the cell wait where it takes time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from asyncmd_jupyter.jupyter import configurable
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.offer import offer_attach
from asyncmd_jupyter.jupyter.parsers import SubCommand, command_help
from asyncmd_jupyter.jupyter.question_mark import answer_question_marks
from asyncmd_jupyter.jupyter.registry import command_named, commands
from asyncmd_jupyter.jupyter.saving import save_views
from asyncmd_jupyter.jupyter.telling import one_line_errors, say
from asyncmd_jupyter.jupyter.waiting import Answer, StoppedWaiting, await_magics, takes_time

__all__ = ["AsyncMDMagics", "StoppedWaiting", "load_ipython_extension", "unload_ipython_extension"]

MAGIC = "asyncmd"


def load_ipython_extension(shell: Any) -> None:
    """Add the magic, its completions, and waiting without blocking."""
    unload_ipython_extension(shell)
    # Views and cells tell what goes wrong; without any handler Python would write
    # tracebacks of things that are told there into whichever cell is executed.
    logging.getLogger("asyncmd_jupyter").addHandler(logging.NullHandler())
    shell.register_magics(AsyncMDMagics(shell))
    shell.input_transformers_cleanup.append(answer_question_marks)
    shell.input_transformers_post.append(await_magics)
    shell.events.register("post_run_cell", save_views)
    configurable.register(shell)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(complete_asyncmd)
    offer_attach()


def unload_ipython_extension(shell: Any) -> None:
    """Take away what `load_ipython_extension` added; runs and jobs go on."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(MAGIC, None)
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
        with one_line_errors():
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
            notebook = Notebook(self.shell)
            return _later(command, f"{rest}\n{cell}", lambda: answer(notebook, rest, cell))

    def _answer_line(self, command: SubCommand, rest: str) -> Any:
        arguments = command.read(rest)
        notebook = Notebook(self.shell)
        return _later(command, f"{rest} ", lambda: command.answer(notebook, arguments))


def _later(command: SubCommand, text: str, answer: Callable[[], Any]) -> Any:
    if not takes_time(command, text):
        return answer()
    return Answer(f"%asyncmd {command.name}", _awaited(answer))


async def _awaited(answer: Callable[[], Any]) -> Any:
    with one_line_errors():
        work = answer()
        return None if work is None else await work


def _discard(things: list[Any], thing: Any) -> None:
    while thing in things:
        things.remove(thing)
