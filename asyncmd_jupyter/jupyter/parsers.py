"""The sub-commands of ``%asyncmd`` and their options."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from IPython.core.magic_arguments import MagicArgumentParser


@dataclass(frozen=True)
class SubCommand:
    """One word after ``%asyncmd``.

    Attributes
    ----------
    name : str
    summary : str
        One line.
    add_arguments : callable
        Fills a parser.
    example, usage : str
    awaited : bool
        Whether the cell waits for it, while everything else goes on.
    """

    name: str
    summary: str
    add_arguments: Callable[[MagicArgumentParser], None]
    example: str
    usage: str = ""
    awaited: bool = False

    def parser(self) -> MagicArgumentParser:
        """Make the parser of the words after this one."""
        parser = MagicArgumentParser(  # type: ignore[no-untyped-call]
            prog=f"asyncmd {self.name}",
            description=self.summary,
            usage=f"asyncmd {self.name} {self.usage} [options]".replace("  ", " "),
            epilog=f"Example: {self.example}",
        )
        self.add_arguments(parser)
        parser.add_argument("-h", "--help", action="store_true", help="Show this text.")
        return parser


def option_names(command: SubCommand) -> list[str]:
    """List the options of a sub-command, the long forms only where there are both."""
    actions = command.parser()._actions
    return [max(a.option_strings, key=len) for a in actions if a.option_strings]


def whole_number(text: str) -> int:
    """Read a whole number, also written as 1e6 or 1_000_000."""
    with suppress(ValueError, OverflowError):
        value = float(text)
        if value == int(value):
            return int(value)
    raise ArgumentTypeError(f"{text!r} is no whole number")


def variable(text: str) -> str:
    """Read the name of a variable."""
    if not text.isidentifier():
        raise ArgumentTypeError(f"{text!r} can't be the name of a variable")
    return text


def _propagate(parser: Any) -> None:
    add = parser.add_argument
    add("engine", metavar="ENGINE", nargs="?", help="The MD engine; each walker gets a copy.")
    add("--from", dest="start", metavar="START",
        help="Trajectory whose first frame they start from, or a file; "
        "the engine's own positions if left out.")  # fmt: skip
    add("--until", metavar="CONDITION", nargs="+",
        help="Functions that say of each frame whether it is in a state, or objects such as "
        "Within(...); label=name shows another name.")  # fmt: skip
    add("--name", metavar="NAME", help="Name of the run and of its folder.")
    add("--n", dest="n_walkers", metavar="N", type=whole_number, default=1,
        help="Number of walkers (1).")  # fmt: skip
    add("--all", dest="all_of", action="store_true",
        help="Go on until all conditions hold in one frame (else until any one does).")  # fmt: skip
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--max-steps", metavar="N", type=whole_number,
                       help="MD steps after which a walker gives up.")  # fmt: skip
    limit.add_argument("--max-ps", metavar="PS", type=float, help="The same as simulated time.")
    add("--walltime", metavar="HOURS_PER_PART", type=float, help="Hours that one part may take.")
    add("--workdir", metavar="DIR", help="Where the run's folder is made (here).")
    add("--continue", dest="continuation", action="store_true",
        help="Go on with an earlier run of this name.")  # fmt: skip
    add("--overwrite", action="store_true",
        help="Remove the files of an earlier run of this name first.")  # fmt: skip
    add("-o", "--output", dest="output", metavar="VAR", type=variable,
        help="Variable that gets the run.")  # fmt: skip


def _wait(parser: Any) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="Runs; all if left out.")
    parser.add_argument("-o", "--output", dest="output", metavar="VAR", type=variable,
                        help="Variable that gets the result.")  # fmt: skip


def _cancel(parser: Any) -> None:
    parser.add_argument("targets", metavar="NAME|JOB", nargs="*", help="Names of runs, or job ids.")
    parser.add_argument("--all", dest="everything", action="store_true",
                        help="All runs and jobs of this kernel.")  # fmt: skip


def _help(parser: Any) -> None:
    parser.add_argument("command", metavar="COMMAND", nargs="?", help="One of the commands.")


def _nothing(_parser: Any) -> None:
    return None


SUBCOMMANDS = (
    SubCommand(
        "propagate",
        "Run MD in the background until something happens, and watch it.",
        _propagate,
        "%asyncmd propagate engine --from start --until alphaR C7eq --name first --n 4",
        "ENGINE --from START --until CONDITION [CONDITION ...] --name NAME",
    ),
    SubCommand("jobs", "Show the jobs of this kernel, live.", _nothing, "%asyncmd jobs"),
    SubCommand(
        "wait",
        "Wait for runs; interrupting the cell leaves them alone.",
        _wait,
        "%asyncmd wait first -o path",
        "[NAME ...] [-o VAR]",
        awaited=True,
    ),
    SubCommand(
        "cancel",
        "End runs or jobs for good; frames on disk stay.",
        _cancel,
        "%asyncmd cancel first",
        "NAME|JOB ...",
        awaited=True,
    ),
    SubCommand(
        "attach",
        "Take back the jobs that an earlier kernel left running, and show them.",
        _nothing,
        "%asyncmd attach",
        awaited=True,
    ),
    SubCommand(
        "help", "Show what there is, or all about one command.", _help, "%asyncmd help wait"
    ),
)


def subcommand(name: str) -> SubCommand | None:
    """Find a sub-command by its name."""
    return next((command for command in SUBCOMMANDS if command.name == name), None)


def overview() -> str:
    """List all sub-commands."""
    width = max(len(command.name) for command in SUBCOMMANDS)
    lines = [f"  {command.name:<{width}}  {command.summary}" for command in SUBCOMMANDS]
    examples = [f"  {command.example}" for command in SUBCOMMANDS[:3]]
    return "\n".join(
        [
            "%asyncmd COMMAND ...",
            "",
            *lines,
            "",
            "Examples:",
            *examples,
            "",
            "'%asyncmd COMMAND --help' tells all about one of them.",
        ]
    )


def command_help(command: SubCommand) -> str:
    """Write the help of one sub-command."""
    return command.parser().format_help().replace("::\n\n  %", "%", 1).strip()
