"""The command line: ``asyncmd quickstart``, ``jobs``, ``cancel``, ``why``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from asyncmd_jupyter._version import __version__
from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.names import escaped

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return the exit status of the process."""
    arguments = _parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever reads has seen enough; Python would complain when it flushes at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (AsyncMDError, OSError, ValueError) as error:
        print(f"asyncmd: {escaped(_one_line(error), lines=True)}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asyncmd",
        description="Molecular dynamics until something happens, from a Jupyter notebook.",
    )
    parser.add_argument("--version", action="version", version=f"asyncmd-jupyter {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_quickstart(commands)
    _add_jobs(commands)
    _add_cancel(commands)
    _add_why(commands)
    return parser


def _add_quickstart(commands: _Commands) -> None:
    parser = commands.add_parser(
        "quickstart",
        help="open a fresh copy of the quickstart notebook",
        description="Copy the quickstart notebook into a folder and open JupyterLab on it.",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="execute the notebook here in the terminal, without a browser",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path("asyncmd-quickstart"),
        help="folder for the notebook and all that it makes (default: %(default)s)",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="only print the address to open in a browser"
    )
    parser.add_argument("--port", type=_port, help="port of JupyterLab (default: a free one)")
    parser.set_defaults(run=_quickstart)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _add_jobs(commands: _Commands) -> None:
    parser = commands.add_parser("jobs", help="list the jobs that still run")
    parser.add_argument("--all", action="store_true", help="list finished jobs as well")
    parser.set_defaults(run=_jobs)


def _add_cancel(commands: _Commands) -> None:
    parser = commands.add_parser("cancel", help="end jobs")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "ids", nargs="*", default=[], metavar="ID", help="ids from `asyncmd jobs`, or Slurm's"
    )
    which.add_argument("--all", action="store_true", help="end every job that still runs")
    parser.set_defaults(run=_cancel)


def _add_why(commands: _Commands) -> None:
    parser = commands.add_parser(
        "why",
        help="say why jobs failed or wait",
        description="Say why jobs failed or wait, from their files and the queue.",
    )
    parser.add_argument(
        "ids", nargs="+", metavar="JOB", help="ids from `asyncmd jobs --all`, or Slurm's"
    )
    parser.add_argument("--json", action="store_true", help="for programs: one JSON list")
    parser.set_defaults(run=_why)


def _quickstart(arguments: argparse.Namespace) -> int:
    from asyncmd_jupyter.jupyter import quickstart

    notebook = quickstart.fresh_copy(arguments.dir.expanduser())
    environment = quickstart.own_kernel_first(os.environ)
    if arguments.headless:
        os.environ.update(environment)
        return _execute(notebook)
    root = os.geteuid() == 0
    if root:
        print("You are root: JupyterLab is started with --allow-root.", file=sys.stderr)
    command = quickstart.lab_command(
        notebook, browser=not arguments.no_browser, port=arguments.port, root=root
    )
    os.execve(command[0], command, environment)  # noqa: S606


def _execute(notebook: Path) -> int:
    from asyncmd_jupyter.jupyter import headless

    execution = headless.execute(notebook, _say)
    print()
    for run in execution.runs:
        _tell(headless.describe_run(run))
    if execution.error:
        print(f"{escaped(execution.error, lines=True)}\n", file=sys.stderr)
    print(f"Wall time  {execution.seconds:.1f} s")
    print(f"Notebook   {execution.notebook}")
    print(f"Web page   {execution.html}")
    return FAILED if execution.error else DONE


def _say(text: str) -> None:
    print(escaped(text, lines=True), end="", flush=True)


def _tell(text: str) -> None:
    """Print what others may have written; a terminal obeys nothing that is in it."""
    print(escaped(text, lines=True))


def _jobs(arguments: argparse.Namespace) -> int:
    from asyncmd_jupyter.jobs import cli

    _tell(cli.list_jobs(all=arguments.all))
    return DONE


def _cancel(arguments: argparse.Namespace) -> int:
    from asyncmd_jupyter.jobs import cli

    said = cli.cancel_jobs(None if arguments.all else arguments.ids)
    _tell("\n".join(said) or "No job is running.")
    return DONE


def _why(arguments: argparse.Namespace) -> int:
    from asyncmd_jupyter import triage
    from asyncmd_jupyter.jobs import cli

    records = cli.look_up(arguments.ids)
    diagnoses = [triage.diagnose(record) for record in records]
    if arguments.json:
        print(json.dumps([diagnosis and asdict(diagnosis) for diagnosis in diagnoses]))
        return DONE
    for record, diagnosis in zip(records, diagnoses, strict=True):
        what = diagnosis.text() if diagnosis else "Nothing is wrong with it."
        _tell(f"{record.id} {record.name!r} ({record.state.value})\n{what}\n")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
