"""The live preview of a run's trajectories."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.player import Player
from asyncmd_jupyter.jupyter.widgets.stage import Stage, make_stage
from asyncmd_jupyter.jupyter.widgets.structure_text import shown_structure
from asyncmd_jupyter.jupyter.widgets.walker_frames import WalkerFrames
from asyncmd_jupyter.jupyter.widgets.words import escape, picoseconds
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot

# NGL's label of the atom under the pointer: no empty box, and legible on a dark page.
STYLE = """<style>
.asyncmd-molecule div[style*="opacity: 0.7"] { color: #212121; }
.asyncmd-molecule div[style*="opacity: 0.7"]:empty { display: none; }
</style>"""
WAITING = "The molecule appears with the first frame."
NOTHING = "There is no frame to show."


class TrajectoryPreview(LiveView):
    """The newest frame of a walker while it runs, any other when one is chosen.

    Only the shown frame's coordinates go to the browser.

    Parameters
    ----------
    run : RunLike
        What is shown.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    """

    kinds = (RunChanged, RunFinished)

    def __init__(self, run: RunLike, events: EventBus | None = None) -> None:
        super().__init__(events)
        self._run = run
        self._frames: dict[int, WalkerFrames] = {}
        self._stage: Stage | None = None
        self._dark = False
        self._shown: tuple[int, int] | None = None
        self._reading = asyncio.Lock()
        self._note = ipywidgets.HTML()
        self._note.add_class("asyncmd-note")
        self._player = Player(len(run.snapshot().walkers), self._on_choice)
        self._widget = ipywidgets.VBox([ipywidgets.HTML(_waiting(WAITING))])

    @property
    def widget(self) -> Any:
        """The box that is shown."""
        return self._widget

    @property
    def stage(self) -> Stage | None:
        """Where the molecule is shown; None before the first frame."""
        return self._stage

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of this run's."""
        return bool(event.run_id == self._run.id)

    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self._run.snapshot().state.is_final

    async def refresh(self) -> None:
        """Show the newest frame, or let the slider know that there are more."""
        async with self._reading:
            walker = self._run.snapshot().walkers[self._player.walker]
            frames = await self._follow(walker)
            if frames is None or not len(frames):
                if self.is_final():
                    self._widget.children = [ipywidgets.HTML(_waiting(NOTHING))]
                return
            if self._stage is None:
                await self._set_stage(frames)
            self._player.frames_grew(len(frames))
            await self._show(frames, self._player.frame)
            self._lay_out()

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        self._dark = dark
        if self._stage is not None:
            self._stage.set_dark(dark)

    def text(self) -> str:
        """Say how many frames there are."""
        walkers = self._run.snapshot().walkers
        told = [f"walker {w.index}: {w.n_frames} frames" for w in walkers]
        return "Trajectory preview (" + "; ".join(told) + ")"

    def html(self) -> str:
        """Say how many frames there are."""
        return f"<p>{escape(self.text())}</p>"

    def show_error(self, message: str) -> None:
        """Say below the molecule what went wrong."""
        self._player.say(message)
        if self._stage is None:
            self._widget.children = [ipywidgets.HTML(_waiting(message or WAITING))]

    def _on_choice(self) -> None:
        """Show what the slider or the list of walkers says."""
        self.mark_dirty() if self._player.is_following else self.run_in_background(self._chosen())

    async def _chosen(self) -> None:
        async with self._reading:
            frames = self._frames.get(self._player.walker)
            if frames is not None and self._player.frame < len(frames):
                await self._show(frames, self._player.frame)

    async def _follow(self, walker: WalkerSnapshot) -> WalkerFrames | None:
        if walker.structure_file is None:
            return None
        frames = self._frames.get(walker.index)
        if frames is None:
            frames = self._frames[walker.index] = WalkerFrames(walker.structure_file)
        await asyncio.to_thread(frames.follow, _files(walker, frames.paths))
        return frames

    async def _set_stage(self, frames: WalkerFrames) -> None:
        structure = await asyncio.to_thread(shown_structure, frames.structure_file)
        await asyncio.to_thread(_import_stage)
        self._stage, problem = make_stage(structure)
        self._stage.set_dark(self._dark)
        self._note.value = STYLE + escape(" ".join(filter(None, (structure.note, problem))))

    def _lay_out(self) -> None:
        """Show the stage, which knows its first frame: the camera is set up for that."""
        if self._stage is not None and self._stage.widget not in self._widget.children:
            self._widget.children = [self._stage.widget, self._player.widget, self._note]

    async def _show(self, frames: WalkerFrames, frame: int) -> None:
        walker = self._player.walker
        if self._stage is None or self._shown == (walker, frame):
            return
        positions = await asyncio.to_thread(frames.positions, frame)
        await self._stage.show(positions)
        self._shown = (walker, frame)
        self._player.say(f"{picoseconds(frames.times[frame])}, frame {frame}")


def _files(walker: WalkerSnapshot, known: tuple[Path, ...]) -> tuple[Path, ...]:
    """Where the frames are: a walker that was ended names no part that it did not finish."""
    if walker.state not in (RunState.CANCELLED, RunState.FAILED):
        return walker.trajectory_files
    return tuple(dict.fromkeys((*known, *walker.trajectory_files)))


def _import_stage() -> None:
    """Import nglview where it blocks nobody; that it can't be is found out again later."""
    from contextlib import suppress

    from asyncmd_jupyter.jupyter.widgets.nglview_shim import MoleculeViewError, load_nglview

    with suppress(MoleculeViewError):
        load_nglview()


def _waiting(text: str) -> str:
    return (
        f'<div style="color:var(--jp-ui-font-color2,GrayText);padding:12px 0">{escape(text)}</div>'
    )
