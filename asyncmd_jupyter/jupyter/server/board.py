"""Everything the pages show at one moment, and what differs between two of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncmd_jupyter.jupyter.server.wire import as_object, quoted

PROTOCOL = 1


@dataclass(frozen=True)
class Board:
    """Jobs and runs, each as an object of JSON under its key.

    Attributes
    ----------
    time : str
        When it was so, in ISO format.
    jobs, others : Mapping
        Ours, and those of the user that are not.
    runs : Mapping
    scheduler, queue_problem : str
    problems : tuple of str
        What else is wrong, in sentences.
    can_show_others : bool
        Whether this server may show jobs that are not ours.
    """

    time: str = ""
    jobs: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)
    scheduler: str = ""
    queue_problem: str = ""
    problems: tuple[str, ...] = ()
    can_show_others: bool = True

    def snapshot(self, *, others: bool) -> str:
        """All of it as JSON."""
        shown = self._shown(others)
        body = as_object(
            time=self.time,
            scheduler=self.scheduler,
            queue_problem=self.queue_problem,
            problems=quoted(self.problems),
            jobs=list(shown.values()),
            runs=list(self.runs.values()),
        )
        can_show = json.dumps(self.can_show_others)
        return f'{{"protocol":{PROTOCOL},"can_show_others":{can_show},{body[1:]}'

    def change_since(self, old: Board, *, others: bool) -> str | None:
        """What is new as JSON; None if nothing is."""
        before, now = old._shown(others), self._shown(others)
        jobs, gone = _difference(before, now)
        runs, gone_runs = _difference(old.runs, self.runs)
        told = (self.queue_problem, self.problems, self.scheduler)
        is_told = told == (old.queue_problem, old.problems, old.scheduler)
        if is_told and not (jobs or gone or runs or gone_runs):
            return None
        return as_object(
            time=self.time,
            scheduler=self.scheduler,
            jobs=jobs,
            gone=quoted(gone),
            runs=runs,
            gone_runs=quoted(gone_runs),
            queue_problem=self.queue_problem,
            problems=quoted(self.problems),
        )

    def _shown(self, others: bool) -> Mapping[str, str]:
        return {**self.jobs, **self.others} if others else self.jobs


def _difference(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is new or has changed, and the keys of what is gone."""
    changed = [text for key, text in new.items() if old.get(key) != text]
    return changed, [key for key in old if key not in new]
