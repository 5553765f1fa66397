"""``%asyncmd config``: limits of this kernel."""

from __future__ import annotations

from argparse import Namespace as Arguments
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand


def _arguments(parser: Any) -> None:
    parser.add_argument("changes", metavar="SETTING=VALUE", nargs="*",
                        help="What to change; all or nothing.")  # fmt: skip


def _answer(_notebook: Notebook, arguments: Arguments) -> Any:
    from asyncmd_jupyter import config
    from asyncmd_jupyter.jupyter.display import publish
    from asyncmd_jupyter.jupyter.named_settings import SHOWN_AS, change

    change(arguments.changes)
    shown = replace(config.show_config(), names=SHOWN_AS)
    publish({"text/plain": repr(shown), "text/html": shown._repr_html_()})


COMMAND = SubCommand(
    name="config",
    summary="Show the limits of this kernel, or change some; runs that go on heed them at once.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd config", "%asyncmd config max_cores=2 slurm_max_jobs=20"),
    group="Settings",
    usage="[SETTING=VALUE ...]",
)
