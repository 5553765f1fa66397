"""Hold and release runs: their kernels are told, and do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.jobs.wishes import HOLD, Wish, Wishes
from asyncmd_jupyter.jupyter.server.runs import RunInfo
from asyncmd_jupyter.jupyter.server.slurm_actions import Outcome

_DONE = {
    "hold": "The run {name!r} saves its work and pauses.",
    "release": "The run {name!r} is told to go on.",
}


class RunActions:
    """Leaves wishes for kernels. It blocks: call it in a thread.

    Parameters
    ----------
    state_folder : Path
        Of the store.
    runs : callable
        Gives the runs that the page is shown, by their keys; no others are touched.
    """

    def __init__(self, state_folder: Path, runs: Callable[[], Mapping[str, RunInfo]]) -> None:
        self._wishes = Wishes(state_folder)
        self._runs = runs

    def do(self, verb: str, keys: Sequence[str]) -> list[Outcome]:
        """Do one thing with several runs; one outcome for each, in their order."""
        runs = self._runs()
        return [self._do(verb, key, runs.get(key)) for key in keys]

    def _do(self, verb: str, key: str, run: RunInfo | None) -> Outcome:
        folder, name = os.path.split(key)
        if why := _why_not(verb, name, run):
            return Outcome(key, False, why)
        try:
            self._wishes.leave(run.owner if run else "", Wish(verb, folder, name))
        except (OSError, UntrustedFolderError) as error:
            return Outcome(key, False, f"The kernel of the run {name!r} can't be told: {error}")
        return Outcome(key, True, _DONE[verb].format(name=name))


def _why_not(verb: str, name: str, run: RunInfo | None) -> str:
    if run is None:
        return f"There is no run {name[:60]!r}."
    if verb in run.can:
        return ""
    if not run.open_walkers:
        return f"The run {name!r} has ended."
    if not run.is_followed:
        return f"No kernel follows the run {name!r}: attach a notebook to it first."
    if run.can:
        return f"The run {name!r} is {'held already' if verb == HOLD else 'not held'}."
    return f"The run {name!r} is in Slurm: hold or release its jobs."
