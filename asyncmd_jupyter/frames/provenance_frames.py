"""Records of files that are made of frames of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.frames.frame_copy import FrameCopy
from asyncmd_jupyter.frames.provenance_file import Mark
from asyncmd_jupyter.frames.provenance_parameters import inherited
from asyncmd_jupyter.frames.provenance_parents import Parent, as_parent, record_of_parent
from asyncmd_jupyter.frames.provenance_writing import Recorder, common_tags
from asyncmd_jupyter.frames.selection import Segment


def record_frames(
    file: Path,
    segments: Iterable[Segment],
    made: Mapping[str, Any],
    seeds: Mapping[str, int] | None = None,
) -> None:
    """Record that a file was made of frames of others, with random numbers of these seeds."""

    def content() -> dict[str, Any]:
        chosen = list(segments)
        target = file.absolute()
        parents, records = _parents(chosen, target.parent)
        return {
            **recorder.new(target, made, parents),
            "content": Mark.of(target).to_json(),
            "frames": _span(chosen),
            "parameters": inherited(records),
            "tags": common_tags(records),
            **({"seeds": dict(seeds)} if seeds else {}),
        }

    recorder = Recorder.current()
    recorder.carefully(file, content)


def _span(segments: Sequence[Segment]) -> dict[str, Any]:
    first, last = segments[0], segments[-1]
    begin, end = int(first.numbers[0]), int(last.numbers[-1])
    return {
        "count": sum(len(segment.numbers) for segment in segments),
        "first_step": int(first.table.steps[begin]),
        "last_step": int(last.table.steps[end]),
        "first_time": float(first.table.times[begin]),
        "last_time": float(last.table.times[end]),
    }


def _parents(
    segments: Iterable[Segment], folder: Path
) -> tuple[list[Parent], list[dict[str, Any] | None]]:
    """All files that frames are taken from, in their order, and the records of these."""
    known: dict[Path, dict[str, Any] | None] = {}
    parents, records = [], []
    for segment in segments:
        for path, span in _spans(segment):
            if path not in known:
                known[path] = record_of_parent(path)
            grows = isinstance(segment.trajectory, FrameCopy)
            parents.append(as_parent(path, folder, known[path], grows=grows, **span))
            records.append(known[path])
    return parents, records


def _spans(segment: Segment) -> Iterable[tuple[Path, dict[str, Any]]]:
    for path, span in _spans_of_files(segment):
        copy = segment.trajectory
        if isinstance(copy, FrameCopy):
            yield copy.source, {**span, "frame": copy.frame, "last_frame": copy.frame}
        else:
            yield path, span


def _spans_of_files(segment: Segment) -> Iterable[tuple[Path, dict[str, Any]]]:
    files, paths, table = segment.files(), segment.trajectory.paths, segment.table
    breaks = np.flatnonzero(np.diff(files)) + 1
    ends = [*breaks.tolist(), len(files)]
    for begin, end in zip([0, *breaks.tolist()], ends, strict=True):
        first, last = int(segment.numbers[begin]), int(segment.numbers[end - 1])
        number = int(files[begin])
        start = int(table.starts[number])
        yield (
            paths[number],
            {
                "n_frames": end - begin,
                "frame": first - start,
                "last_frame": last - start,
                "step": int(table.steps[first]),
                "last_step": int(table.steps[last]),
                "time": float(table.times[first]),
                "last_time": float(table.times[last]),
            },
        )
