"""``%asyncmd propagate``: MD in the background until something happens."""

from __future__ import annotations

from argparse import Namespace as Arguments
from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.jupyter.campaign import run_cell, start_all
from asyncmd_jupyter.jupyter.notebook import Notebook, is_in_kernel
from asyncmd_jupyter.jupyter.orders import EXAMPLE, order_of
from asyncmd_jupyter.jupyter.parsers import OneOf, SubCommand, add_output, number, whole_number

VELOCITIES = ("keep", "new", "inverted")
LAUNCHERS = ("local", "slurm")


def _arguments(parser: Any) -> None:
    _what(parser)
    _how_long(parser)
    _where(parser)
    add_output(parser, "the run")


def _what(parser: Any) -> None:
    add = parser.add_argument
    add("engine", metavar="ENGINE", nargs="?", help="The MD engine; each walker gets a copy.")
    add("--from", dest="start", metavar="START",
        help="Trajectory whose first frame they start from, or a file; a list has one for each "
        "walker. The engine's own positions if left out.")  # fmt: skip
    add("--frame", metavar="N", type=whole_number,
        help="Another frame of it; -1 is the last one.")  # fmt: skip
    add("--velocities", metavar="KIND", type=OneOf(VELOCITIES),
        help="Those of the frame (keep; drawn where it has none), new ones for each walker with "
        "the engine's masses and constraints (new), or those of the frame turned round "
        "(inverted). If left out: keep, unless all walkers would compute the same.")  # fmt: skip
    add("--name", metavar="NAME", help="Name of the run and of its folder.")
    add("--n", dest="n_walkers", metavar="N", type=whole_number, default=1,
        help="Number of walkers (1).")  # fmt: skip
    add("--campaign", metavar="CAMPAIGN", help="Name of the group of runs that it belongs to.")


def _how_long(parser: Any) -> None:
    add = parser.add_argument
    add("--until", metavar="CONDITION", nargs="+",
        help="Functions that say of each frame whether it is in a state, or objects such as "
        "Within(...); label=name shows another name. Only frames are looked at, every nstout "
        "steps of the engine.")  # fmt: skip
    add("--all", dest="all_of", action="store_true",
        help="Go on until all conditions hold in one frame (else until any one does).")  # fmt: skip
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--max-steps", metavar="N", type=whole_number,
                       help="MD steps after which a walker gives up.")  # fmt: skip
    limit.add_argument("--max-ps", metavar="PS", type=number, help="The same as simulated time.")
    limit.add_argument("--steps", metavar="N", type=whole_number,
                       help="Instead of --until: MD steps that each walker does.")  # fmt: skip
    limit.add_argument("--ps", metavar="PS", type=number, help="The same as simulated time.")
    add("--walltime", metavar="HOURS_PER_PART", type=number,
        help="Hours that one part may take; the next one goes on.")  # fmt: skip


def _where(parser: Any) -> None:
    add = parser.add_argument
    add("--launcher", metavar="LAUNCHER", type=OneOf(LAUNCHERS),
        help="Where the jobs run: local or slurm; the engine's own place if left out.")  # fmt: skip
    add("--sbatch", metavar="OPTION=VALUE", nargs="+", action="extend",
        help="Options of sbatch by their long names, such as partition=gpu time=60 exclusive, "
        "in addition to the engine's.")  # fmt: skip
    add("--sbatch-script", metavar="FILE",
        help="A script for Slurm in which {mdrun_cmd} stands for the command.")  # fmt: skip
    add("--workdir", metavar="DIR", help="Where the run's folder is made (here).")
    add("--continue", dest="continuation", action="store_true",
        help="Go on with an earlier run of this name and start.")  # fmt: skip
    add("--overwrite", action="store_true",
        help="Remove the files of an earlier run of this name first.")  # fmt: skip
    add("--dry-run", action="store_true",
        help="Check everything and show commands and files, how interactions are computed, and a "
        "script of your own as it would be submitted; nothing is written or started.")  # fmt: skip
    add("--script", action="store_true",
        help="With --dry-run: show the script that is written for each job, too.")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    return start_all(
        notebook,
        [order_of(notebook, arguments)],
        dry_run=arguments.dry_run,
        script=arguments.script,
        bind=lambda runs: notebook.bind(arguments.output, runs[0]),
    )


def _takes_time(words: Sequence[str]) -> bool:
    """A frame is written, and conditions are asked about the start, before a run goes on."""
    return is_in_kernel() or _writes_frame(words)


def _writes_frame(words: Sequence[str]) -> bool:
    return bool({"--frame", "--velocities"} & {word.partition("=")[0] for word in words})


_CELL = """\
%%asyncmd propagate engine --until C7eq alphaR --campaign scan
# one line for each run; what it says counts more than what the first line says
--name a --from folded
--name b --from unfolded --n 4"""

_CODE = """\
%%asyncmd propagate engine --name first --until near
def near(trajectory):
    return distance(trajectory) < 0.5"""

_NOTES = """\
As a cell, %%asyncmd propagate takes a body:
  Lines that begin with an option or with 'propagate' are a campaign, one run each. The options
  of the first line hold for all of them unless a line says otherwise; '#' begins a comment, a
  backslash at the end goes on in the next line. All lines are checked before anything starts,
  and either all runs start or none.
  Anything before such lines is Python, executed in the notebook first: a place for conditions.

What happens between two frames is not seen: a state that is left before the next frame was not
  reached, and passages seem longer than they are (with a frame every 0.1 ps by 0.4 % for one of
  199 ps, and by 7 % for one of 3 ps). A condition that looks back, such as "60 frames in a row",
  is a PyTrajectoryFunctionWrapper(function, needs_whole_part=True).

A start is positions, velocities and box of a frame: thermostat chains, the barostat's velocity,
  AWH biases and the clocks of annealing and pulling begin anew. New velocities have one
  temperature, also where groups have several. --continue, hold and resume lose nothing.
  More in docs/simulations.md."""

COMMAND = SubCommand(
    name="propagate",
    summary="Run MD in the background until something happens, and watch it.",
    add_arguments=_arguments,
    answer=_answer,
    answer_cell=run_cell,
    examples=(
        EXAMPLE,
        "%asyncmd propagate engine --from path --frame -1 --velocities new --n 4 --until alphaR "
        "--name back",
        "%asyncmd propagate engine --ps 100 --walltime 2 --name long --launcher slurm "
        "--sbatch partition=gpu gres=gpu:1",
        "%asyncmd propagate engine --until alphaR --name first --dry-run",
        _CELL,
        _CODE,
    ),
    group="Compute",
    usage="ENGINE --from START --until CONDITION [CONDITION ...] --name NAME",
    awaited=_takes_time,
    starts_at_once=lambda words: not _writes_frame(words),
    notes=_NOTES,
)
