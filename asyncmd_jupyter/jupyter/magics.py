"""The ``%asyncmd`` magic: reads a line, calls the library, shows a view."""

from __future__ import annotations

import asyncio
import logging
import sys
from argparse import Namespace as Arguments
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class

from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.jupyter.namespace import (
    check_workdir,
    is_condition,
    is_engine,
    look_up,
    look_up_start,
    nearest,
)
from asyncmd_jupyter.jupyter.parsers import (
    SUBCOMMANDS,
    SubCommand,
    command_help,
    overview,
    subcommand,
)
from asyncmd_jupyter.jupyter.saving import save_views
from asyncmd_jupyter.jupyter.waiting import Answer, await_line_magics

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job
    from asyncmd_jupyter.sampling.run import Run

MAGIC = "asyncmd"


def load_ipython_extension(shell: Any) -> None:
    """Add the magic, its completions, and waiting without blocking."""
    unload_ipython_extension(shell)
    # Views and cells tell what goes wrong; without any handler Python would write
    # tracebacks of things that are told there into whichever cell is executed.
    logging.getLogger("asyncmd_jupyter").addHandler(logging.NullHandler())
    shell.register_magics(AsyncMDMagics(shell))
    shell.input_transformers_post.append(await_line_magics)
    shell.events.register("post_run_cell", save_views)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(complete_asyncmd)


def unload_ipython_extension(shell: Any) -> None:
    """Take away what `load_ipython_extension` added; runs and jobs go on."""
    shell.magics_manager.magics["line"].pop(MAGIC, None)
    _discard(shell.input_transformers_post, await_line_magics)
    with suppress(ValueError):
        shell.events.unregister("post_run_cell", save_views)
    if shell.Completer is not None:
        _discard(shell.Completer.custom_matchers, complete_asyncmd)


@magics_class
class AsyncMDMagics(Magics):
    """Runs, jobs and their views from a notebook."""

    @line_magic(MAGIC)  # type: ignore[arg-type]
    def asyncmd(self, line: str) -> Any:
        """Run MD in the background until something happens, and watch it.

        ::

          %asyncmd propagate ENGINE --from START --until CONDITION ... --name NAME
          %asyncmd jobs
          %asyncmd wait NAME -o result
          %asyncmd cancel NAME
          %asyncmd attach

        ``%asyncmd help`` lists the commands, ``%asyncmd propagate --help`` tells all about
        one of them.
        """
        word, _, rest = line.strip().partition(" ")
        command = subcommand(word or "help")
        if command is None:
            hint = nearest(word, [known.name for known in SUBCOMMANDS])
            raise UsageError(f"%asyncmd has no command {word!r}.{hint}")
        with one_line_errors(f"%asyncmd {command.name}"):
            arguments = command.parser().parse_argstring(rest)  # type: ignore[no-untyped-call]
            if command.awaited:
                work = self._answer_later(command, arguments)
                return Answer(f"%asyncmd {command.name}", work)
            return self._answer(command, arguments)

    def _answer(self, command: SubCommand, arguments: Arguments) -> Any:
        if arguments.help:
            return _say(command_help(command))
        answer: Callable[[Arguments], Any] = getattr(self, f"_{command.name}")
        return answer(arguments)

    async def _answer_later(self, command: SubCommand, arguments: Arguments) -> Any:
        with one_line_errors(f"%asyncmd {command.name}"):
            answer = self._answer(command, arguments)
            return None if answer is None else await answer

    @property
    def _names(self) -> dict[str, Any]:
        """What the user has named, without what IPython put there."""
        shell: Any = self.shell
        hidden = shell.user_ns_hidden
        return {k: v for k, v in shell.user_ns.items() if hidden.get(k, hidden) is not v}

    def _propagate(self, arguments: Arguments) -> None:
        from asyncmd_jupyter.engines.plan import check_walltime
        from asyncmd_jupyter.jupyter.views import show_run
        from asyncmd_jupyter.sampling.run import start_run

        names = self._names
        _require(arguments, "engine", "ENGINE", "until", "--until", "name", "--name")
        engine = look_up(arguments.engine, names, is_engine)
        start = None if arguments.start is None else look_up_start(arguments.start, names)
        until = [self._condition(text) for text in arguments.until]
        max_steps = _max_steps(arguments, engine)
        check_walltime(arguments.walltime)
        check_workdir(arguments.workdir)
        _check_loop()
        run = start_run(
            engine,
            start,
            until=until,
            name=arguments.name,
            n_walkers=arguments.n_walkers,
            mode="all" if arguments.all_of else "any",
            max_steps=max_steps,
            workdir=arguments.workdir,
            overwrite=arguments.overwrite,
            continuation=arguments.continuation,
            **({} if arguments.walltime is None else {"walltime_per_part": arguments.walltime}),
        )
        self._bind(arguments.output, run)
        show_run(run)

    def _jobs(self, _arguments: Arguments) -> None:
        from asyncmd_jupyter.jupyter.views import show_jobs

        show_jobs()

    async def _wait(self, arguments: Arguments) -> Any:
        from asyncmd_jupyter.jupyter.outcome import publish_outcome
        from asyncmd_jupyter.jupyter.views import save, saving_here

        runs = _runs(arguments.names)
        try:
            with saving_here(run.id for run in runs) as views:
                ends = await asyncio.gather(*(run.wait() for run in runs), return_exceptions=True)
                await save(views)
        except asyncio.CancelledError as error:
            raise StoppedWaiting([run.id for run in runs]) from error
        for run in runs:
            publish_outcome(run.snapshot())
        for run, end in zip(runs, ends, strict=True):
            if isinstance(end, BaseException):
                raise UsageError(_flat(f"The run {run.id!r} failed: {_told(end)}")) from end
        results = [run.result for run in runs]
        result = results[0] if len(results) == 1 else results
        if arguments.output is None:
            return result
        self._bind(arguments.output, result)
        return None

    async def _cancel(self, arguments: Arguments) -> None:
        from asyncmd_jupyter.jobs.manager import JobManager

        jobs, runs = JobManager.current(), _all_runs()
        if not arguments.targets and not arguments.everything:
            raise UsageError(f"Say what to cancel: NAME, JOB or --all.{_known_runs()}")
        unknown = [t for t in arguments.targets if t not in runs]
        ends: list[Awaitable[Any]] = [_end(jobs.job(t)) for t in unknown]
        chosen = runs if arguments.everything else [t for t in arguments.targets if t in runs]
        ends += [runs[name].cancel() for name in chosen if not runs[name].done]
        if arguments.everything:
            mine = [r for r in jobs.records() if not r.state.is_final]
            ends += [_end(jobs.job(r.id)) for r in mine if r.tags.get("run") not in runs]
        await asyncio.gather(*ends)
        _say(f"Cancelled: {len(ends)}." if arguments.everything else "Cancelled.")

    async def _attach(self, _arguments: Arguments) -> None:
        from asyncmd_jupyter.jobs.manager import JobManager
        from asyncmd_jupyter.jupyter.views import show_jobs

        jobs = await JobManager.current().attach()
        number = {0: "No job was", 1: "One job was"}.get(len(jobs), f"{len(jobs)} jobs were")
        _say(f"{number} taken back.")
        show_jobs()

    def _help(self, arguments: Arguments) -> None:
        if arguments.command is None:
            return _say(overview())
        command = subcommand(arguments.command)
        if command is None:
            hint = nearest(arguments.command, [known.name for known in SUBCOMMANDS])
            raise UsageError(f"%asyncmd has no command {arguments.command!r}.{hint}")
        return _say(command_help(command))

    def _condition(self, text: str) -> tuple[str, Any]:
        label, found, expression = text.partition("=")
        if not found:
            label = expression = text
        return label, look_up(expression, self._names, is_condition)

    def _bind(self, variable: str | None, value: Any) -> None:
        if variable is not None:
            cast(Any, self.shell).push({variable: value})


class StoppedWaiting(asyncio.CancelledError):
    """The cell was interrupted; says so in one line instead of a traceback."""

    def __init__(self, names: list[str]) -> None:
        runs = f"The run {names[0]!r} goes" if len(names) == 1 else "The runs go"
        super().__init__(f"No longer waiting. {runs} on; '%asyncmd cancel' would end it.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@contextmanager
def one_line_errors(command: str) -> Iterator[None]:
    """Say what is wrong in one line instead of a traceback; the cell fails all the same."""
    try:
        yield
    except UsageError as error:
        raise UsageError(_with_help(_flat(str(error)), command)) from error
    except (AsyncMDError, ValueError, TypeError, KeyError, OSError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise UsageError(_flat(text)) from error


def _with_help(message: str, command: str) -> str:
    parse_error = message.startswith(("argument ", "unrecognized ", "the following ", "expected "))
    return f"{message} (see '{command} --help')" if parse_error and command else message


def _told(error: BaseException) -> str:
    """Write what went wrong; errors of other kinds may say nothing without their name."""
    says_enough = isinstance(error, AsyncMDError | ValueError | TypeError | OSError)
    return str(error) if says_enough and str(error) else f"{type(error).__name__}: {error}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _require(arguments: Arguments, *pairs: str) -> None:
    missing = [
        shown
        for name, shown in zip(pairs[::2], pairs[1::2], strict=True)
        if getattr(arguments, name) is None
    ]
    if missing:
        raise UsageError(
            f"%asyncmd propagate needs {', '.join(missing)}, as in: {SUBCOMMANDS[0].example}"
        )


def _max_steps(arguments: Arguments, engine: Any) -> int | None:
    if arguments.max_ps is None:
        return None if arguments.max_steps is None else int(arguments.max_steps)
    if not is_engine(engine) or not arguments.max_ps > 0:
        raise ValueError(f"--max-ps {arguments.max_ps:g} has to be more than 0 (ps).")
    return max(1, round(float(arguments.max_ps) / float(engine.dt)))


def _check_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise UsageError(
            "%asyncmd propagate needs a running event loop, as Jupyter's kernels have one; "
            "in a script use asyncmd_jupyter.sampling.run.start_run within asyncio.run()."
        ) from error


def _all_runs() -> dict[str, Run]:
    from asyncmd_jupyter.sampling.run import Runs

    return {run.id: run for run in Runs.current().all()}


def _runs(names: list[str]) -> list[Run]:
    known = _all_runs()
    for name in names:
        if name not in known:
            raise UsageError(f"There is no run called {name!r}.{nearest(name, known)}")
    if not known:
        raise UsageError("There is no run to wait for: start one with %asyncmd propagate.")
    return [known[name] for name in names or known]


async def _end(job: Job) -> None:
    await job.cancel()
    await job.wait()


def _known_runs() -> str:
    names = [name for name, run in _all_runs().items() if not run.done]
    return f" Going on: {', '.join(names)}." if names else " No run is going on."


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _discard(things: list[Any], thing: Any) -> None:
    while thing in things:
        things.remove(thing)
