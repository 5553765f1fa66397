"""The last line of a command: what became of the runs, by a snapshot taken before and one after.

Pure functions: what is said here cannot differ from the state that the views show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState


@dataclass(frozen=True)
class Change:
    """One run before and after a command.

    Attributes
    ----------
    before, after : RunSnapshot
    """

    before: RunSnapshot
    after: RunSnapshot

    @property
    def had_ended(self) -> bool:
        """Whether there was nothing to be done."""
        return self.before.state.is_final

    def has(self, state: RunState) -> bool:
        """Whether the command brought any walker into this state."""
        pairs = zip(self.before.walkers, self.after.walkers, strict=False)
        return any(new.state is state and not old.state.is_final for old, new in pairs)


@dataclass(frozen=True)
class JobChange:
    """The same of a job.

    Attributes
    ----------
    name : str
        By which it was called.
    had_ended : bool
    state : str
        After the command.
    """

    name: str
    had_ended: bool
    state: str


def cancelled_text(runs: Sequence[Change], jobs: Sequence[JobChange] = ()) -> str:
    """Say which runs and jobs were cancelled, and which had ended by themselves."""
    hit = [c for c in runs if not c.had_ended and c.has(RunState.CANCELLED)]
    late = [c for c in runs if not c.had_ended and not c.has(RunState.CANCELLED)]
    job_hit = [j for j in jobs if not j.had_ended and j.state == "cancelled"]
    job_late = [j for j in jobs if not j.had_ended and j.state != "cancelled"]
    return _sentences(
        ("Cancelled", [*map(_named, hit), *(job.name for job in job_hit)]),
        ("Ended before it could be cancelled", [*map(_with_states, late), *map(_job, job_late)]),
        ("Had ended before", [*_over(runs), *(_job(job) for job in jobs if job.had_ended)]),
    )


def held_text(runs: Sequence[Change]) -> str:
    """Say which runs are held, and which had ended by themselves."""
    going = [c for c in runs if not c.had_ended]
    held = [c for c in going if RunState.HELD in {w.state for w in c.after.walkers}]
    late = [c for c in going if c not in held and c.after.state.is_final]
    left = [c for c in going if c not in held and c not in late]
    text = _sentences(
        ("Held", [_named(change) for change in held]),
        ("Ended before it could be held", [_with_states(change) for change in late]),
        ("Not held", [_with_states(change) for change in left]),
        ("Had ended before", _over(runs)),
    )
    return f"{text} '%asyncmd resume NAME' lets them go on." if held else text


def brought_back_text(runs: Sequence[str], n_jobs: int, here: Sequence[str], problems: int) -> str:
    """Say what was brought back of a folder.

    Parameters
    ----------
    runs : list of str
        Names of those that this kernel has now.
    n_jobs : int
        Jobs that belong to none of them.
    here : list of str
        Names of the runs that this kernel had before.
    problems : int
        How many runs were not brought back, which is said elsewhere.
    """
    said = [f"{n_jobs} job{'' if n_jobs == 1 else 's'} taken back."] if n_jobs else []
    if runs:
        said.append(f"Brought back: {', '.join(runs)}.")
    if here:
        said.append(f"In this kernel already: {', '.join(here)}.")
    if not (said or problems):
        said.append("There is nothing to bring back: no run, and no job of an earlier kernel.")
    return "\n".join(said)


def no_longer_waiting_text(runs: Sequence[RunSnapshot]) -> str:
    """Say what goes on although nobody waits for it any more."""
    going = [run.id for run in runs if not run.state.is_final]
    ended = [f"{run.id} ({run.states_in_words})" for run in runs if run.state.is_final]
    said = [f"Ended: {', '.join(ended)}."] if ended else []
    if going:
        one = len(going) == 1
        what, them = (f"The run {going[0]!r} goes", "it") if one else ("The runs go", "them")
        names = "" if one else f": {', '.join(going)}"
        said.append(f"{what} on{names}; '%asyncmd cancel' would end {them}.")
    return " ".join(["No longer waiting.", *said])


def _over(runs: Sequence[Change]) -> list[str]:
    return [_with_states(change) for change in runs if change.had_ended]


def _named(change: Change) -> str:
    """Of one walker the name says all."""
    return change.after.id if len(change.after.walkers) == 1 else _with_states(change)


def _with_states(change: Change) -> str:
    return f"{change.after.id} ({change.after.states_in_words})"


def _job(job: JobChange) -> str:
    return f"{job.name} ({job.state})"


def _sentences(*parts: tuple[str, list[str]]) -> str:
    return " ".join(f"{what}: {', '.join(names)}." for what, names in parts if names)
