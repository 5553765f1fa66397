"""``%asyncmd jobs``: the jobs of this kernel."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output


def _arguments(parser: Any) -> None:
    add_output(parser, "the table")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.views import show_jobs

    notebook.bind(arguments.output, show_jobs())


COMMAND = SubCommand(
    name="jobs",
    summary="Show the jobs of this kernel, live.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd jobs",),
    group="Watch",
)
