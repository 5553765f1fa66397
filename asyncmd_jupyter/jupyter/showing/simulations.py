"""Shows the table of simulations."""

from __future__ import annotations

from collections.abc import Iterable

from asyncmd_jupyter.jupyter.recipes import runs_recipe
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.simulations import SimulationTable


def show_simulations(
    runs: Iterable[RunLike] | None = None,
    *,
    campaign: str | None = None,
    attaches: bool = False,
) -> SimulationTable:
    """Show one row for each walker of some runs here.

    Parameters
    ----------
    runs : iterable of Run, optional
        All runs of this kernel by default, also those that are started later.
    campaign : str, optional
        Leave out runs of other campaigns.
    attaches : bool
        Let the page bring back its other views that have lost their kernel.

    Returns
    -------
    SimulationTable
    """
    chosen = None if runs is None else list(runs)
    table = simulation_table(chosen, campaign=campaign)
    table.attaches = attaches
    table.recipe = {
        "kind": "simulations",
        "campaign": campaign,
        "runs": None if chosen is None else runs_recipe(chosen),
    }
    from asyncmd_jupyter.jupyter.views import Views

    Views.current().add(table)
    table.show()
    return table


def simulation_table(
    runs: Iterable[RunLike] | None = None, *, campaign: str | None = None
) -> SimulationTable:
    """Make the table without showing it; see `show_simulations`."""
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.sampling.run import Runs

    jobs = JobManager.current()
    if runs is None:
        return SimulationTable(Runs.current().all, jobs, campaign=campaign)
    chosen = ChosenRuns(runs)
    return SimulationTable(
        chosen.all, jobs, campaign=campaign, final=chosen.have_ended, started=chosen.add
    )


class ChosenRuns:
    """Some runs, of which those go on that are resumed; it is cheap to ask for their end."""

    def __init__(self, runs: Iterable[RunLike]) -> None:
        self._runs = {run.id: run for run in runs}
        self._going = list(self._runs.values())

    def all(self) -> Iterable[RunLike]:
        """Return them all."""
        return self._runs.values()

    def add(self, run: RunLike) -> None:
        """Take in a run, in place of an ended one of the same name."""
        self._runs[run.id] = run
        self._going.append(run)

    def have_ended(self) -> bool:
        """Whether none goes on."""
        while self._going and self._going[-1].snapshot().state.is_final:
            self._going.pop()
        return not self._going
