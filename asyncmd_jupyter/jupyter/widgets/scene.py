"""All that a plot draws, and what there is to say about it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.decimate import Floats
from asyncmd_jupyter.jupyter.widgets.words import listed, picoseconds
from asyncmd_jupyter.sampling.averages import Share, share_of_frames
from asyncmd_jupyter.sampling.progress import (
    Band,
    ConditionSeries,
    Observable,
    RunSnapshot,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
)

if TYPE_CHECKING:
    from asyncmd_jupyter.jupyter.widgets.panels import Panel

FEW = 16  # so many walkers can be told apart by colour and dashes
SPOKEN = 8  # and so many one after the other in words


@dataclass(frozen=True)
class Track:
    """One walker of a run: what is drawn as one line."""

    run: RunSnapshot
    walker: WalkerSnapshot
    pieces: SeriesPieces
    is_stopped: bool | None = None  # by conditions of its own; None if those of the run are

    @property
    def has_full_length(self) -> bool:
        """Whether no condition could end it, so that its frames are those of plain dynamics."""
        return not (self.run.conditions if self.is_stopped is None else self.is_stopped)

    @cached_property
    def sampled(self) -> ConditionSeries:
        """All that it has visited: also what lies behind a frame that did not end it."""
        if self.has_full_length and self.pieces.reached_frame is not None:
            return replace(self.pieces, reached_frame=None).joined()
        return self.series

    @cached_property
    def series(self) -> ConditionSeries:
        """The pieces in one; copies, so to be asked for in the drawing thread."""
        return self.pieces.joined()

    def times_of_parts(self) -> Iterator[Floats]:
        """Times of the frames that count, part by part, without copying."""
        for part, count in self.counted():
            yield part.times[:count]

    def counted(self) -> Iterator[tuple[ConditionSeries, int]]:
        """Each part and how many of its frames count."""
        left = self.n_frames
        for part in self.pieces.parts:
            yield part, max(0, min(left, len(part.times)))
            left -= len(part.times)

    @property
    def n_frames(self) -> int:
        """Frames that are drawn."""
        return self.pieces.n_frames

    @property
    def is_final(self) -> bool:
        """Whether the walker has ended."""
        return self.walker.state.is_final

    @property
    def hit(self) -> tuple[int, tuple[str, ...]] | None:
        """The deciding frame and the names of what it fulfils."""
        frame = self.pieces.reached_frame
        is_there = frame is not None and frame < self.n_frames
        return (frame, self.walker.reached) if is_there and frame is not None else None


@dataclass(frozen=True)
class Scene:
    """The walkers of one run or of several."""

    tracks: tuple[Track, ...]
    more: tuple[Panel, ...] = ()  # beside those of the functions behind the conditions

    @classmethod
    def of(cls, run: RunSnapshot, series: Sequence[ConditionSeries]) -> Scene:
        """Make the scene of one run from whole series."""
        pieces = (SeriesPieces((one,), one.reached_frame) for one in series)
        return cls(tuple(Track(run, w, p) for w, p in zip(run.walkers, pieces, strict=True)))

    @cached_property
    def runs(self) -> tuple[RunSnapshot, ...]:
        """The runs in their order."""
        return tuple({track.run.id: track.run for track in self.tracks}.values())

    @property
    def is_final(self) -> bool:
        """Whether all runs have ended."""
        return all(run.state.is_final for run in self.runs)

    @property
    def is_dense(self) -> bool:
        """Whether there are too many walkers for a line of their own."""
        return len(self.tracks) > FEW

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions of all runs, in the order in which they were given."""
        return tuple(dict.fromkeys(name for run in self.runs for name in run.conditions))

    @cached_property
    def end(self) -> float:
        """Time in ps at which the last walker is."""
        rows = (line.times for panel in self.more for line in panel.lines if len(line.times))
        return max((float(t[-1]) for t in (*self._times(), *rows)), default=0.0)

    @cached_property
    def interval(self) -> float:
        """Time in ps for which the last frame stands."""
        return max((float(t[-1] - t[-2]) for t in self._times() if len(t) > 1), default=0.0)

    def _times(self) -> Iterator[Floats]:
        for track in self.tracks:
            yield from [times for times in track.times_of_parts() if len(times)][-1:]

    @property
    def is_empty(self) -> bool:
        """Whether there is no frame yet."""
        has_rows = any(len(line.times) for panel in self.more for line in panel.lines)
        return not has_rows and not any(track.n_frames for track in self.tracks)

    @cached_property
    def observables(self) -> tuple[str, ...]:
        """Names of all functions, in the order in which they were given."""
        return tuple(dict.fromkeys(o.name for t in self.tracks for o in t.pieces.observables))

    def bands(self, name: str) -> list[Band]:
        """Return the bands on an observable, each once."""
        shown = (o for t in self.tracks for o in t.pieces.observables if o.name == name)
        return list(dict.fromkeys(band for one in shown for band in one.bands))

    def of_name(self, name: str) -> Iterator[tuple[int, Track, Observable]]:
        """Tracks that have an observable, with their place and the observable."""
        for i, track in enumerate(self.tracks):
            yield from ((i, track, o) for o in track.series.observables if o.name == name)

    def colour_of(self, condition: str) -> int:
        """Return which of the conditions' colours one has."""
        known = condition in self.conditions
        return self.conditions.index(condition) if known else len(self.conditions)


def describe(scene: Scene) -> str:
    """Say in words what the drawing shows, for those who don't see it."""
    if scene.is_empty:
        return awaited(scene)
    shown = [*scene.observables, *(panel.title for panel in scene.more)]
    functions = listed(shown) or "Conditions"
    said = [f"{functions} of {whose(scene)} over {picoseconds(scene.end)}"]
    said += [f"{name} holds in {share} of the frames" for name, share in _shares(scene)]
    said += hits_in_words(scene)
    return "; ".join(said) + "."


def whose(scene: Scene) -> str:
    """Name the runs, or count them where they are many."""
    runs, n_walkers = scene.runs, len(scene.tracks)
    if len(runs) == 1:
        return f"run {runs[0].id}"
    if len(runs) <= 4:
        return f"the runs {listed([run.id for run in runs])}"
    walkers = f" with {n_walkers} walkers" if n_walkers > len(runs) else ""
    return f"{len(runs)} runs{walkers}"


def _shares(scene: Scene) -> Iterator[tuple[str, Share]]:
    for name in scene.conditions:
        held = [_held(track, name) for track in scene.tracks]
        if any(map(len, held)):
            yield name, share_of_frames(*held)


def _held(track: Track, name: str) -> NDArray[np.bool_]:
    counted = track.counted()
    parts = [part.fulfilled[name][:n] for part, n in counted if name in part.fulfilled]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.bool_), *parts])


def hits_in_words(scene: Scene) -> list[str]:
    """Say who reached what and when; of many, how many did."""
    many = len(scene.tracks) > SPOKEN
    return _hits_in_numbers(scene) if many else _hits_one_by_one(scene)


def _hits_one_by_one(scene: Scene) -> list[str]:
    return [
        f"{name_of(track, scene)} reached {listed(walker.reached)} at "
        f"{picoseconds(walker.reached_time)}"
        for track in scene.tracks
        if (walker := track.walker).reached and walker.reached_time is not None
    ]


def _hits_in_numbers(scene: Scene) -> list[str]:
    times: dict[str, list[float]] = {}
    for walker in (track.walker for track in scene.tracks):
        if walker.reached and walker.reached_time is not None:
            times.setdefault(listed(walker.reached), []).append(walker.reached_time)
    total = len(scene.tracks)
    return [
        f"{len(known)} of {total} walkers reached {name}, the first at "
        f"{picoseconds(min(known))}, half of them by {picoseconds(median(known))}"
        for name, known in sorted(times.items())
    ] + _rest(scene)


def _rest(scene: Scene) -> list[str]:
    states = Counter(t.walker.state for t in scene.tracks if t.walker.state is not RunState.REACHED)
    return [f"{count} {_STATE_WORDS[state]}" for state, count in states.items()]


_STATE_WORDS = {
    RunState.PREPARING: "being prepared",
    RunState.WAITING: "waiting",
    RunState.RUNNING: "going on",
    RunState.HELD: "held",
    RunState.DONE: "done",
    RunState.LIMIT: "at the step limit",
    RunState.CANCELLED: "cancelled",
    RunState.FAILED: "failed",
}


def name_of(track: Track, scene: Scene) -> str:
    """Call a track by what tells it from the others of the scene."""
    walker = f"walker {track.walker.index}"
    if len(scene.runs) == 1:
        return walker
    return track.run.id if len(track.run.walkers) == 1 else f"{track.run.id} {walker}"


def awaited(scene: Scene) -> str:
    """Say what an empty drawing waits for."""
    walkers = [track.walker for track in scene.tracks]
    # Of a run that was brought back.
    if not all(track.pieces.is_read for track in scene.tracks):
        return "What the conditions said is being read from the stored parts."
    if any(w.state.is_final and w.part and w.n_frames for w in walkers):
        return _unread(walkers)
    if any(w.reached for w in walkers):
        return "The start fulfils the conditions: nothing had to be computed."
    if scene.is_final:
        return "The run ended before its first frame."
    known = max((walker.time_done for walker in walkers if walker.n_frames), default=None)
    return _first_frame(walkers) if known is None else _next_look(walkers, picoseconds(known))


def _unread(walkers: Sequence[WalkerSnapshot]) -> str:
    """Say why nothing is drawn of the frames of walkers that have ended."""
    if error := next((w.error for w in walkers if w.error), ""):
        return f"The stored parts can't be shown: {' '.join(error.split())}"
    if any(walker.state is RunState.CANCELLED for walker in walkers):
        frames = sum(walker.n_frames for walker in walkers)
        return (
            f"Of the {frames:,} stored frame{'' if frames == 1 else 's'} the conditions were not "
            "asked before the end, or can't be (see the log of the kernel)."
        )
    return "The stored parts could not be read; the log of the kernel tells why."


def _first_frame(walkers: Sequence[WalkerSnapshot]) -> str:
    """Say what the first frame waits for."""
    states = {walker.state for walker in walkers}
    if RunState.RUNNING in states:
        return "The simulation runs; waiting for its first frame."
    if states == {RunState.HELD}:
        return "The run is held; the plot begins with the first frame after it is resumed."
    if RunState.WAITING in states:
        return "Waiting for free cores or the queue; the plot begins with the first frame."
    return "Preparing the simulation; the plot begins with the first frame."


def _next_look(walkers: Sequence[WalkerSnapshot], time: str) -> str:
    """Say when there will be a drawing of frames that are there, up to a time."""
    states = {walker.state for walker in walkers}
    if RunState.RUNNING in states:
        return f"The conditions are being asked about the frames so far, up to {time}."
    if states == {RunState.HELD}:
        return f"The run is held at {time}; its frames are drawn when it is resumed."
    if RunState.WAITING in states:
        return f"Waiting for free cores or the queue at {time}; then the frames so far are drawn."
    return f"Preparing to continue at {time}; then the frames so far are drawn."
