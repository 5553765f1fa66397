"""``%asyncmd resume``: let runs go on."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.notebook import Notebook, missing
from asyncmd_jupyter.jupyter.orders import check_place
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output, whole_number


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="+", help="Runs or campaigns.")
    parser.add_argument("--max-steps", metavar="N", type=whole_number,
                        help="Another limit, counted from the start.")  # fmt: skip
    add_output(parser, "the run, or the list of them")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.views import show_run

    runs: list[Any] = notebook.runs(arguments.names)
    if not hasattr(runs[0], "resume"):
        raise missing("resume")
    check_place()
    resumed = [run.resume(max_steps=arguments.max_steps) for run in runs]
    notebook.bind(arguments.output, resumed[0] if len(resumed) == 1 else resumed)
    for run in resumed:
        show_run(run)


COMMAND = SubCommand(
    name="resume",
    summary="Let runs go on that were held, cancelled, failed, or came to their limit.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd resume first", "%asyncmd resume first --max-steps 2e6"),
    group="Steer",
    usage="RUN ...",
)
