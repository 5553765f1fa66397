"""Shows the conditions of runs over time, or two functions of their frames against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.views import Views
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot


def show_plot(runs: RunLike | Iterable[RunLike]) -> ConditionPlot:
    """Show the conditions of one run or of several here.

    Parameters
    ----------
    runs : Run or list of Run
    """
    plot = ConditionPlot(_as_runs(runs))
    Views.current().add(plot)
    plot.show()
    return plot


def _as_runs(runs: RunLike | Iterable[RunLike]) -> Sequence[RunLike]:
    found = list(runs) if isinstance(runs, Iterable) else [runs]
    if not found:
        raise ValueError("There is no run to plot: give a run, or a list of runs.")
    for run in found:
        if not (hasattr(run, "snapshot") and hasattr(run, "pieces")):
            raise TypeError(f"{run!r} is no run. Give what start_run returned, or a list of it.")
    return list({run.id: run for run in found}.values())
