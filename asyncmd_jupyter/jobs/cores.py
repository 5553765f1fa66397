"""Who may start: a fair queue for the cores of this machine. Knows no clock and no loop."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class _Place:
    """Where a job stands in the queue."""

    job_id: str
    cores: int
    takes_share: bool
    party: str
    number: int = 0


class CoreQueue:
    """First come, first served.

    Jobs say how many cores they need, or that they take a fair share: the limit divided by
    all parties that want to go now. A party has jobs one after the other, such as the parts
    of a simulation. A job that needs more than the limit runs alone rather than never.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Place] = deque()
        self._used: dict[str, _Place] = {}
        self._announced: Counter[str] = Counter()
        self._held: set[str] = set()
        self._numbers = itertools.count()

    def __contains__(self, job_id: object) -> bool:
        return any(place.job_id == job_id for place in self._waiting)

    @contextmanager
    def announced(self, party: str) -> Iterator[None]:
        """Count a party that has no job just now, so that others take a smaller share."""
        self._announced[party] += 1
        try:
            yield
        finally:
            self._announced[party] -= 1

    def put(self, job_id: str, cores: int, *, takes_share: bool = False, party: str = "") -> None:
        """Queue a job behind all others; without a party it is one of its own."""
        number = next(self._numbers)
        self._waiting.append(_Place(job_id, cores, takes_share, party or job_id, number))

    def put_back(self, job_id: str) -> None:
        """Queue a job that was admitted but could not be started yet where it stood."""
        place = self._used.pop(job_id)
        self._waiting = deque(sorted((*self._waiting, place), key=lambda each: each.number))

    def first(self) -> str | None:
        """The job whose turn it is."""
        held = self._held
        return next((place.job_id for place in self._waiting if place.job_id not in held), None)

    def occupy(self, job_id: str, cores: int, *, party: str = "") -> None:
        """Count a job that runs already."""
        self._used[job_id] = _Place(job_id, cores, False, party or job_id)

    def set_held(self, job_id: str, is_held: bool) -> bool:
        """Pass a job over, which keeps its place, or not any more; False if it does not wait."""
        if job_id not in self:
            return False
        (self._held.add if is_held else self._held.discard)(job_id)
        return True

    def release(self, job_id: str) -> None:
        """Forget a job, whether it waits, runs or is unknown."""
        self._used.pop(job_id, None)
        self._held.discard(job_id)
        self._waiting = deque(place for place in self._waiting if place.job_id != job_id)

    def admit(self, limit: int, *, taken: int = 0, n_others: int = 0) -> dict[str, int]:
        """Take out of the queue all jobs that may start now, with the cores of each.

        Parameters
        ----------
        limit : int
        taken : int
            Cores that others use.
        n_others : int
            Parties of others that want to go now.
        """
        share = max(1, limit // max(1, self._n_wanting() + n_others))
        admitted = {}
        for place in [place for place in self._waiting if place.job_id not in self._held]:
            cores = self._granted(place, limit, share, taken)
            if not cores:
                break
            self._waiting.remove(place)
            self._used[place.job_id] = replace(place, cores=cores)
            admitted[place.job_id] = cores
        return admitted

    def _n_wanting(self) -> int:
        parties = {party for party, times in self._announced.items() if times}
        parties.update(place.party for place in (*self._waiting, *self._used.values()))
        return len(parties.difference(p.party for p in self._waiting if p.job_id in self._held))

    def _granted(self, place: _Place, limit: int, share: int, taken: int) -> int:
        used = taken + sum(other.cores for other in self._used.values())
        if place.takes_share:
            return max(0, min(share, limit - used))
        return place.cores if used == 0 or used + place.cores <= limit else 0
