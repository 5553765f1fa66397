"""Cells that begin with ``%%asyncmd propagate``: campaigns, and conditions written in place."""

from __future__ import annotations

import ast
import asyncio
import re
from argparse import Namespace as Arguments
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.notebook import is_in_kernel
from asyncmd_jupyter.jupyter.orders import Order, check_place, check_queue, order_of, queue_note
from asyncmd_jupyter.jupyter.parsers import Parser, split
from asyncmd_jupyter.jupyter.telling import flat, one_line_errors, say, told

if TYPE_CHECKING:
    from asyncmd_jupyter.jupyter.notebook import Notebook
    from asyncmd_jupyter.sampling.dry_run import Rehearsal
    from asyncmd_jupyter.sampling.run import Run

_RUN_LINE = re.compile(r"--?[A-Za-z]|propagate(\s|$)(?!\s*[=(.\[])")


@dataclass(frozen=True)
class Body:
    """What is below the first line of a cell.

    Attributes
    ----------
    code : str
        Python.
    lines : tuple of (int, str)
        Runs, with the number of the line in the cell.
    """

    code: str
    lines: tuple[tuple[int, str], ...]


def read_body(text: str) -> Body:
    """Tell Python from lines of a campaign, which come last.

    Raises
    ------
    UsageError
        For what is neither, with the number of the line.
    """
    rows = text.split("\n")
    first = next((n for n, row in enumerate(rows) if _RUN_LINE.match(row)), len(rows))
    code = "\n".join(rows[:first])
    _check_code(code)
    return Body(code if code.strip() else "", tuple(_joined(rows, first)))


def is_run_line(text: str) -> bool:
    """Whether a line of a cell asks for a run."""
    return _RUN_LINE.match(text) is not None


def run_cell(notebook: Notebook, line: str, text: str) -> Any:
    """Carry out a cell: its code, then its line, or the runs of its campaign."""
    from asyncmd_jupyter.jupyter.registry import command_named

    command = command_named("propagate")
    body = read_body(text)
    shared = command.parser().read_given(split(line))
    if body.code:
        _execute(notebook, body.code)
    everything = list(_runs(notebook, body, command.parser)) or [(1, dict[str, Any]())]
    defaults = vars(command.parser().read([]))
    read = [
        (number, Arguments(**defaults | _without_rivals(shared, given, command.parser()) | given))
        for number, given in everything
    ]
    orders = list(_orders(notebook, read))
    numbers = [number for number, _ in read] if body.lines else []

    def bind(runs: Sequence[Run]) -> None:
        whole = list(runs) if body.lines else runs[0]
        notebook.bind(shared.get("output"), whole)
        for run, (_, given) in zip(runs, everything, strict=True):
            notebook.bind(given.get("output"), run)

    dry_run = any(arguments.dry_run for _, arguments in read)
    script = any(arguments.script for _, arguments in read)
    return start_all(notebook, orders, dry_run=dry_run, script=script, bind=bind, lines=numbers)


def start_all(
    notebook: Notebook,
    orders: Sequence[Order],
    *,
    dry_run: bool,
    script: bool = False,
    bind: Callable[[Sequence[Run]], None],
    lines: Sequence[int] = (),
) -> Any:
    """Check all of them, then start all of them and show the views.

    Returns
    -------
    coroutine or None
        Where frames have to be written first, and in kernels, where conditions are asked
        about the start before the cell ends.
    """
    rehearsals = []
    for index, order in enumerate(orders):
        with one_line_errors(f"Line {lines[index]}" if lines else ""):
            rehearsals.append(order.check())
    if dry_run:
        if is_in_kernel():
            return _rehearsed(orders, rehearsals, script=script)
        _tell(rehearsals, script=script)
        return None
    check_place()
    check_queue(orders)
    if any(order.frame is not None for order in orders):
        return _start_later(orders, bind)
    runs = _started(orders)
    if notebook.can_wait and is_in_kernel():
        return _checked_and_shown(runs, bind)
    _show(runs, bind)
    return _checked_on_start(runs) if is_in_kernel() else None


async def _rehearsed(
    orders: Sequence[Order], rehearsals: Sequence[Rehearsal], *, script: bool
) -> None:
    """Tell what would be done, and whether there is a queue that takes it."""
    _tell(rehearsals, script=script, note=await queue_note(orders))


def _tell(rehearsals: Sequence[Rehearsal], *, script: bool, note: str = "") -> None:
    from asyncmd_jupyter.jobs.rehearsal import UNKNOWN_ID

    found = (rehearsal.scripts(own=script) for rehearsal in rehearsals)
    told = [*(run.text() for run in rehearsals), next(filter(None, found), "")]
    end = "Nothing was written or started"
    if any(UNKNOWN_ID in text for text in told):
        end += f"; {UNKNOWN_ID} stands for the id that a job gets"
    say("\n\n".join(filter(None, [*told, note, f"{end}."])))


def _started(orders: Sequence[Order]) -> list[Run]:
    runs: list[Run] = []
    try:
        for order in orders:
            runs.append(order.start())
    except BaseException:
        for run in runs:
            runtime.start(run.cancel(), name=f"take back {run.id}")
        raise
    return runs


async def _start_later(orders: Sequence[Order], bind: Callable[[Sequence[Run]], None]) -> None:
    runs: list[Run] = []
    try:
        for order in orders:
            runs.append(await order.start_at_frame())
    except BaseException:
        await asyncio.shield(runtime.start(_take_back(runs)))
        raise
    await _checked_and_shown(runs, bind)


async def _checked_and_shown(runs: Sequence[Run], bind: Callable[[Sequence[Run]], None]) -> None:
    await _checked_on_start(runs)
    _show(runs, bind)


async def _checked_on_start(runs: Sequence[Run]) -> None:
    """Take runs back whose conditions fail on the start."""
    try:
        for run in runs:
            await _check(run)
    except BaseException:
        await asyncio.shield(runtime.start(_take_back(runs)))
        raise


async def _check(run: Run) -> None:
    """What is no condition shows when it is asked about the start."""
    from asyncmd_jupyter.jupyter.refusals import Refusals

    try:
        await run.checked()
    except Exception as error:
        Refusals.current().add(run.id, error)
        raise UsageError(f"The run {run.id!r} was not started: {flat(told(error))}") from error


async def _take_back(runs: Sequence[Run]) -> None:
    from asyncmd_jupyter.sampling.run import Runs

    await asyncio.gather(*(run.cancel() for run in runs))
    for run in runs:
        Runs.current().forget(run.id)


def _show(runs: Sequence[Run], bind: Callable[[Sequence[Run]], None]) -> None:
    from asyncmd_jupyter.jupyter.notebook import show_all

    bind(runs)
    show_all(runs)


def _runs(
    notebook: Notebook, body: Body, parser: Callable[[], Parser]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in body.lines:
        words = split(notebook.expanded(text))
        with one_line_errors(f"Line {number}"):
            yield number, parser().read_given(words[1:] if words[0] == "propagate" else words)


def _without_rivals(
    shared: dict[str, Any], given: dict[str, Any], parser: Parser
) -> dict[str, Any]:
    """What a line says counts more than what excludes it in the first line."""
    out = {rival for name in given for rival in parser.rivals(name)}
    lengths, limits = {"steps", "ps"} & given.keys(), {"max_steps", "max_ps"} & given.keys()
    out |= {"until"} if lengths and "until" not in given else set()
    out |= {"steps", "ps"} if "until" in given or limits else set()
    return {name: value for name, value in shared.items() if name not in out}


def _orders(notebook: Notebook, lines: Sequence[tuple[int, Arguments]]) -> Iterator[Order]:
    seen: dict[str, int] = {}
    for number, arguments in lines:
        with one_line_errors(f"Line {number}" if number > 1 else ""):
            order = order_of(notebook, arguments)
            name = order.spec.name
            if name in seen:
                raise UsageError(f"The name {name!r} is that of line {seen[name]}, too.")
            seen[name] = number
            yield order


def _joined(rows: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """The lines of a campaign, without comments, those that a backslash continues joined."""
    text, begin = "", 0
    for number, row in enumerate(rows[first:], first + 2):
        words = row.strip()
        if not text and (not words or words.startswith("#")):
            continue
        begin = begin if text else number
        text = f"{text} {words}".strip()
        if text.endswith("\\"):
            text = text[:-1].rstrip() or " "
            continue
        yield _numbered(begin, text), text
        text = ""
    if text.strip():
        yield _numbered(begin, text), text


def _numbered(number: int, text: str) -> int:
    if not _RUN_LINE.match(text):
        raise UsageError(
            f"Line {number}: {text!r} begins neither with an option, such as --name, nor with "
            "'propagate'; Python code comes before the lines of a campaign."
        )
    return number


def _check_code(code: str) -> None:
    try:
        ast.parse(code)
    except SyntaxError as error:
        number = (error.lineno or 1) + 1
        rows = code.split("\n")
        row = rows[min(number - 2, len(rows) - 1)].strip()
        raise UsageError(
            f"Line {number}: {row!r} is neither Python ({error.msg}) nor a run, which begins with "
            "an option such as --name."
        ) from error


def _execute(notebook: Notebook, code: str) -> None:
    """Run the code of a cell as a cell of its own, with its own traceback."""
    result = notebook.shell.run_cell("\n" + code)
    if not result.success:
        raise UsageError("The code of the cell failed (see above), so nothing was started.")
