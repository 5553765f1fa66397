"""``%asyncmd extract``: frames as files of their own."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.counts import frames_told
from asyncmd_jupyter.jupyter.namespace import is_trajectory, look_up_start, shown
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs
from asyncmd_jupyter.jupyter.parsers import (
    OneOf,
    SubCommand,
    add_output,
    always,
    number,
    unquoted,
    whole_number,
)
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.frames.extract import FrameExtractor
    from asyncmd_jupyter.frames.trajectory import Trajectory

VELOCITIES = ("keep", "new", "inverted")


def _arguments(parser: Any) -> None:
    add = parser.add_argument
    add("trajectory", metavar="TRAJECTORY", help="A Trajectory, or a file with its own structure.")
    add("--frame", dest="frames", metavar="N", nargs="+", type=whole_number, default=[-1],
        help="Which frames; negative ones count from the end (-1).")  # fmt: skip
    add("--to", metavar="FILE", required=True,
        help="File that is written; its ending says the format. Several frames get their "
        "numbers into its name.")  # fmt: skip
    add("--velocities", metavar="KIND", type=OneOf(VELOCITIES), default="keep",
        help="Those of the frame (keep), new ones from the Maxwell-Boltzmann distribution (new), "
        "or those of the frame turned round (inverted).")  # fmt: skip
    add("--engine", metavar="ENGINE",
        help="Whose masses, constraints and temperature new velocities have; without it masses "
        "come from the structure file or are guessed, which is said.")  # fmt: skip
    add("--temperature", metavar="K", type=number, help="Of new velocities.")
    add("--overwrite", action="store_true", help="Replace files that are there.")
    add_output(parser, "the new Trajectory, or the list of them")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    make = _extractor(notebook, arguments)
    return _extract(notebook, arguments, make, _trajectory(notebook, arguments.trajectory))


async def _extract(
    notebook: Notebook,
    arguments: Arguments,
    make: Callable[[], FrameExtractor],
    source: Trajectory,
) -> Any:
    await source.prepare()
    files = _files(Path(unquoted(arguments.to)), arguments.frames, len(source))
    for file in files if not arguments.overwrite else ():
        if file.exists():
            raise FileExistsError(f"{file} is there already: --overwrite replaces it.")
    extractor = await asyncio.to_thread(make)
    made = [
        await extractor.extract_async(file, source, frame, overwrite=arguments.overwrite)
        for file, frame in zip(files, arguments.frames, strict=True)
    ]
    if arguments.output is not None:
        say(f"Written: {', '.join(map(str, files))}.")
    return notebook.give(arguments.output, made[0] if len(made) == 1 else made)


def _extractor(notebook: Notebook, arguments: Arguments) -> Callable[[], FrameExtractor]:
    """How the extractor is made, which may take a moment."""
    from asyncmd_jupyter.frames import extract

    if arguments.velocities == "new":
        return _drawing(notebook, arguments)
    for name in ("temperature", "engine"):
        if getattr(arguments, name) is not None:
            raise UsageError(f"--{name} is for --velocities new.")
    if arguments.velocities == "inverted":
        return extract.InvertedVelocitiesFrameExtractor
    return extract.NoModificationFrameExtractor


def _drawing(notebook: Notebook, arguments: Arguments) -> Callable[[], FrameExtractor]:
    from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor

    if arguments.engine is not None:
        engine = notebook.engine(arguments.engine)
        if engine.temperature is None and arguments.temperature is None:
            raise UsageError(f"{arguments.engine} has no temperature: give --temperature (K).")
        return partial(RandomVelocitiesFrameExtractor.of, engine, arguments.temperature)
    if arguments.temperature is None:
        raise UsageError("--velocities new needs --engine, or --temperature (K).")
    return partial(RandomVelocitiesFrameExtractor, arguments.temperature)


def _trajectory(notebook: Notebook, text: str) -> Trajectory:
    from asyncmd_jupyter.frames.trajectory import Trajectory

    if text not in notebook.names and text in all_runs():
        raise UsageError(
            f"{text} is the name of a run, and frames are taken of a trajectory: "
            f"'%asyncmd wait {text} -o path' gives its trajectory the name path."
        )
    value = look_up_start(text, notebook.names)
    if is_trajectory(value):
        return value  # type: ignore[no-any-return]
    if value is None:
        raise UsageError(f"{text} is None, no Trajectory.")
    try:
        return Trajectory(value, value)
    except ValueError as error:
        raise UsageError(f"{text} is {shown(value)}, which can't be read alone: {error}") from error


def _files(target: Path, frames: list[int], n_frames: int) -> list[Path]:
    for frame in frames:
        if not -n_frames <= frame < n_frames:
            there = frames_told(n_frames)
            raise UsageError(f"--frame {frame} does not exist: it has {there}.")
    if len(frames) == 1:
        return [target]
    numbers = [frame % n_frames for frame in frames]
    return [target.with_stem(f"{target.stem}_{number}") for number in numbers]


COMMAND = SubCommand(
    name="extract",
    summary="Write frames of a trajectory to files, with velocities of choice.",
    add_arguments=_arguments,
    answer=_answer,
    examples=(
        "%asyncmd extract path --frame -1 --to last.trr -o last",
        "%asyncmd extract path --frame 0 10 20 --to start.trr --velocities new --engine engine",
    ),
    group="Compute",
    usage="TRAJECTORY --frame N --to FILE",
    awaited=always,
)
