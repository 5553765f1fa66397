"""``%asyncmd jobs``: the jobs of this kernel."""

from __future__ import annotations

from argparse import Namespace as Arguments

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, nothing


def _answer(_notebook: Notebook, _arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.views import show_jobs

    show_jobs()


COMMAND = SubCommand(
    name="jobs",
    summary="Show the jobs of this kernel, live.",
    add_arguments=nothing,
    answer=_answer,
    examples=("%asyncmd jobs",),
    group="Watch",
)
