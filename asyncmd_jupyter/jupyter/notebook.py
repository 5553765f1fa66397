"""The notebook as the commands see it: its names, and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.namespace import (
    check_engine,
    is_condition,
    is_engine,
    is_trajectory,
    look_up,
    nearest,
)
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.running import Run

_MOST_VIEWS = 3


class Notebook:
    """The user's names, and the runs of this kernel.

    Parameters
    ----------
    shell : InteractiveShell
    can_wait : bool
        Whether the cell may wait for what a command returns.
    """

    def __init__(self, shell: Any, *, can_wait: bool = True) -> None:
        self.shell = shell
        self.can_wait = can_wait

    @property
    def names(self) -> dict[str, Any]:
        """What the user has named, without what IPython put there."""
        hidden = self.shell.user_ns_hidden
        return {k: v for k, v in self.shell.user_ns.items() if hidden.get(k, hidden) is not v}

    def expanded(self, text: str) -> str:
        """Put values in the place of ``{name}`` and ``$name``, as in the line of a magic."""
        from IPython.utils.text import DollarFormatter

        try:
            return DollarFormatter().vformat(text, args=[], kwargs=self.shell.user_ns)
        except Exception:  # whatever the braces hold: then they mean themselves
            return text

    def bind(self, variable: str | None, value: Any) -> None:
        """Give a result its name, and say so if something of another kind had that."""
        if variable is None:
            return
        old = self.names.get(variable)
        if (kind := _kind(old)) and kind != _kind(value):
            say(f"Note: {variable!r} was {kind} and is now something else.")
        self.shell.push({variable: value})

    def give(self, variable: str | None, value: Any) -> Any:
        """Give a result its name, or return it where none was chosen."""
        if variable is None:
            return value
        self.bind(variable, value)
        return None

    def condition(self, text: str) -> tuple[str, Any]:
        """Find a condition by its name, or by ``label=name``."""
        label, found, expression = text.partition("=")
        if not found:
            label = expression = text
        return label, look_up(expression, self.names, is_condition)

    def engine(self, text: str) -> Any:
        """Find an engine by its name.

        Raises
        ------
        ValueError, TypeError
            With the engines that there are.
        """
        engine = look_up(text, self.names, is_engine)
        check_engine(engine, text, self.names)
        return engine

    def runs(self, names: Sequence[str] = ()) -> list[Run]:
        """Runs by the names of them or of their campaigns; all of them without any.

        Raises
        ------
        UsageError
            With the nearest name.
        """
        known = all_runs()
        chosen: dict[str, Run] = {}
        for name in names:
            if name in known:
                chosen[name] = known[name]
            elif members := [run for run in known.values() if run.spec.campaign == name]:
                chosen |= {run.id: run for run in members}
            else:
                raise UsageError(f"There is no run called {name!r}.{near_run(name)}")
        return list(chosen.values()) if names else list(known.values())

    def run(self, name: str | None) -> Run:
        """One run by its name; the newest one without.

        Raises
        ------
        UsageError
        """
        if found := self.runs([] if name is None else [name]):
            return found[-1]
        raise UsageError("There is no run yet: start one with %asyncmd propagate.")


def all_runs() -> dict[str, Run]:
    """All runs of this kernel by their names."""
    from asyncmd_jupyter.sampling.runs import Runs

    return {run.id: run for run in Runs.current().all()}


def near_run(name: str) -> str:
    """Propose runs and campaigns."""
    runs = all_runs()
    campaigns = {run.spec.campaign for run in runs.values() if run.spec.campaign}
    return nearest(name, [*runs, *campaigns])


def going_on() -> str:
    """Say which runs go on."""
    names = [name for name, run in all_runs().items() if not run.done]
    return f" Going on: {', '.join(names)}." if names else " No run is going on."


def is_in_kernel() -> bool:
    """Whether cells are executed in a loop that goes on between them."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def show_all(runs: Sequence[Run]) -> None:
    """Show each run here, or a table of them where there are many."""
    if len(runs) > _MOST_VIEWS:
        from asyncmd_jupyter.jupyter.showing.simulations import show_simulations

        show_simulations(runs)
        return
    from asyncmd_jupyter.jupyter.views import show_run

    for run in runs:
        show_run(run)


def _kind(value: Any) -> str:
    if is_engine(value):
        return "an engine"
    if is_trajectory(value):
        return "a trajectory"
    return "a condition" if is_condition(value) else ""
