"""The live preview of trajectories."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.frame_links import FrameLinks
from asyncmd_jupyter.jupyter.widgets.live_stages import LiveStages
from asyncmd_jupyter.jupyter.widgets.molecule_scene import Scene, Wanted
from asyncmd_jupyter.jupyter.widgets.page import PageHelper
from asyncmd_jupyter.jupyter.widgets.picture_options import PictureOptions
from asyncmd_jupyter.jupyter.widgets.playback import Playback
from asyncmd_jupyter.jupyter.widgets.player import Player
from asyncmd_jupyter.jupyter.widgets.preview_words import (
    RESTING,
    STYLE,
    grey,
    nothing_shown,
    shown_together,
    why_not,
)
from asyncmd_jupyter.jupyter.widgets.restart_form import RestartForm, ShownPlace
from asyncmd_jupyter.jupyter.widgets.sources import Source, sources_of
from asyncmd_jupyter.jupyter.widgets.stage import Stage
from asyncmd_jupyter.jupyter.widgets.words import escape, picoseconds
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished

MOST_AT_ONCE = 8
PATIENCE = 1.0  # seconds for a page to say whether it has WebGL
BETWEEN_LOOKS = 1.0  # seconds, at files of which nothing tells that they grow


class TrajectoryPreview(LiveView):
    """The newest frame while it is computed, any other when one is chosen.

    Only the coordinates of what is shown go to the browser.

    Parameters
    ----------
    items : RunLike, Trajectory, Source or list of these
        What there is to choose from.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    keeps_new_runs : bool
        Whether runs that are started from a frame are shown below the molecule. If not, who
        shows this view has to show `new_runs`, where there is more room.
    """

    kinds = (RunChanged, RunFinished)

    def __init__(
        self,
        items: RunLike | Trajectory | Sequence[RunLike | Trajectory | Source],
        events: EventBus | None = None,
        *,
        keeps_new_runs: bool = True,
    ) -> None:
        super().__init__(events)
        self._keeps_new_runs = keeps_new_runs
        given = list(items) if isinstance(items, Sequence) else [items]
        self._sources = sources_of(given)
        self._runs = {s.run.id for s in self._sources if s.run is not None}
        self._scene: Scene | None = None
        self._shown: object = None
        self._rests = self._final_seen = False
        self._last_picture = ""
        self._reading = asyncio.Lock()
        self._note = ipywidgets.HTML()
        self._note.add_class("asyncmd-note")
        labels = [source.label for source in self._sources]
        self._player = Player(labels, self._on_choice, lambda: self._playback.begin())
        self.frames = FrameLinks(self._sources, self._player, self._wake_up, self.run_in_background)
        self._playback = Playback(self._player, self._look_again, self.run_in_background)
        self._options = PictureOptions(len(self._sources), self.mark_dirty)
        self._restart = RestartForm(
            lambda: ShownPlace(self.source, self.frame), self.run_in_background
        )
        self._options.add(self._restart.button)
        self._page = PageHelper()
        self._page.observe(self._on_page, ["webgl", "dark", "in_page"])
        self._page.on_msg(self._on_key)
        self._widget = ipywidgets.VBox(layout=ipywidgets.Layout(width="100%"))
        self._widget.add_class("asyncmd-preview")
        self._put_note(were_read=False)

    @property
    def widget(self) -> Any:
        """The box that is shown."""
        return self._widget

    @property
    def new_runs(self) -> tuple[Any, Any]:
        """The form that starts runs from a frame, and the views of these runs."""
        return self._restart.widget, self._restart.started

    @property
    def has_page(self) -> bool:
        """Whether a page has the widget, on the screen or not."""
        return bool(self._page.in_page)

    @property
    def is_kept_by_page(self) -> bool:
        """Whether the page leaves the widgets alone when the saved state is renewed."""
        return bool(self._page.is_kept)

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn all of it and can let go of it."""
        return self.stage is not None and self.stage.is_settled

    @property
    def is_on_screen(self) -> bool:
        """Whether somebody looks at it."""
        return bool(self._page.on_screen)

    @property
    def stage(self) -> Stage | None:
        """Where the molecule is shown; None before the first frame."""
        return None if self._scene is None else self._scene.stage

    @property
    def source(self) -> Source:
        """What is chosen."""
        return self._sources[self._player.chosen]

    @property
    def frame(self) -> int:
        """The number of the chosen frame."""
        return min(self._player.frame, max(0, len(self.source) - 1))

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of these runs'."""
        return event.run_id in self._runs

    def is_final(self) -> bool:
        """Whether no more frames are to be expected."""
        return all(source.has_ended for source in self._sources)

    async def refresh(self) -> None:
        """Show the newest frame, or let the slider know that there are more."""
        await self._look_again()
        if any(source.must_be_polled for source in self._sources):
            asyncio.get_running_loop().call_later(BETWEEN_LOOKS, self.mark_dirty)
        elif self.is_final() and not self._final_seen:
            self._final_seen = True
            if self._scene is not None:
                self._last_picture = await self._scene.still()
            self.mark_dirty()

    def close(self) -> None:
        """Stop to follow and to play; what is shown stays."""
        super().close()
        self._player.pause()

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        if self._page.dark != dark:
            self._page.dark = dark
        if self._scene is not None:
            self._scene.set_dark(dark)
            self._shown = None
            self.mark_dirty()

    def rest(self) -> None:
        """Let go of what pages hold for it; a button brings it back."""
        self._rests = True
        self._player.pause()
        self._drop_scene()
        self.frames.shown((), ())
        button = ipywidgets.Button(description="Show the molecule", icon="eye")
        button.on_click(lambda _: self._wake_up())
        self._put(ipywidgets.HTML(grey(RESTING)), button)

    def text(self) -> str:
        """Say how many frames there are."""
        told = [f"{source.label}: {source.told()}" for source in self._sources]
        return "Trajectory preview (" + "; ".join(told) + ")"

    def html(self) -> str:
        """Show the last frame as a flat picture, and say how many there are."""
        return f"{self._last_picture}<p>{escape(self.text())}</p>"

    def show_error(self, message: str) -> None:
        """Say below the molecule what went wrong."""
        self._player.say(message)
        if self._scene is None:
            self._put_note(message)

    async def _look_again(self) -> None:
        async with self._reading:
            for source in self._shown_sources():
                await asyncio.to_thread(source.follow)
            ready = [source for source in self._shown_sources() if len(source)]
            if ready and not self._rests:
                self._player.frames_grew(max(map(len, ready)))
                await self._show(ready)
            elif not self._rests:
                self._put_note()

    def _shown_sources(self) -> list[Source]:
        if not self._options.overlay:
            return [self.source]
        first = self._player.chosen // MOST_AT_ONCE * MOST_AT_ONCE
        return self._sources[first : first + MOST_AT_ONCE]

    async def _show(self, ready: Sequence[Source]) -> None:
        """Show the chosen frame of some sources, if it is not shown already."""
        wanted = self._wanted(ready)
        numbers = [min(self._player.frame, len(source) - 1) for source in ready]
        if self._shown == (wanted, numbers):
            return
        try:
            await self._draw(wanted, ready, numbers)
        except (OSError, ValueError, IndexError) as error:
            self._player.say(why_not(error))
            return
        self._shown = (wanted, numbers)
        self.frames.shown(ready, numbers)
        self._restart.follow()
        self._player.say(self._told(ready, numbers))

    async def _draw(self, wanted: Wanted, ready: Sequence[Source], numbers: list[int]) -> None:
        frames = [
            await asyncio.to_thread(source.frame, number)
            for source, number in zip(ready, numbers, strict=True)
        ]
        if self._scene is None or not self._scene.fits(wanted):
            await self._new_scene(wanted)
        if self._scene is not None:
            await self._scene.show(frames, wanted)
            self._options.offer(self._scene.structure, periodic=self._scene.is_periodic)
            self._write_note(self._scene, ready)
            self._lay_out(self._scene.stage)

    async def _new_scene(self, wanted: Wanted) -> None:
        await self._page.answer(0.0 if self._scene else PATIENCE)
        camera = self._scene.stage.camera if self._scene else []
        made = await Scene.of(wanted, webgl=self._page.webgl != "no", dark=self._page.dark)
        made.take_camera(camera, self._scene)
        self._drop_scene()
        self._scene = made
        LiveStages.current().opened(self)

    def _wanted(self, ready: Sequence[Source]) -> Wanted:
        structure = (self.source if len(self.source) else ready[0]).structure_file
        if structure is None:
            raise ValueError("There is no structure file for these frames.")
        places = tuple(self._sources.index(source) for source in ready)
        return Wanted(
            structure_file=structure,
            copies=places if self._options.overlay else (),
            n_sources=len(self._sources),
            style=self._options.style,
            water=self._options.water,
            whole=self._options.whole,
        )

    def _told(self, ready: Sequence[Source], numbers: list[int]) -> str:
        times = [source.times[number] for source, number in zip(ready, numbers, strict=True)]
        if len(ready) == 1:
            return f"{picoseconds(times[0])}, frame {numbers[0]}"
        return shown_together(times, numbers)

    def _write_note(self, scene: Scene, ready: Sequence[Source]) -> None:
        said = [scene.note]
        if self._options.overlay and len(self._sources) > MOST_AT_ONCE:
            said.append(f"At most {MOST_AT_ONCE} of {len(self._sources)} are shown at once.")
        legend = scene.legend([source.label for source in ready])
        self._note.value = STYLE + legend + escape(" ".join(filter(None, said)))

    def _lay_out(self, stage: Stage) -> None:
        """Show the stage, which knows its first frame: the camera is set up for that."""
        if stage.widget not in self._widget.children:
            below = (self._player.widget, self._options.widget, self._note)
            new_runs = self.new_runs if self._keeps_new_runs else ()
            self._put(stage.widget, *below, *new_runs)

    def _put_note(self, said: str = "", *, were_read: bool = True) -> None:
        """Say why there is no molecule, by what the shown walkers are now."""
        seen = [source.walker() for source in self._shown_sources()]
        walkers = [walker for walker in seen if walker is not None]
        text = said or nothing_shown(walkers, were_read=were_read)
        self._put(ipywidgets.HTML(grey(text)))

    def _put(self, *parts: Any) -> None:
        # What stays at the beginning is not made anew in the page.
        self._widget.children = [self._page, *parts]

    def _drop_scene(self) -> None:
        if self._scene is not None:
            self._scene.close()
            LiveStages.current().closed(self)
        self._scene = self._shown = None

    def _wake_up(self) -> None:
        if self._rests:
            self._rests = False
            self._put_note(were_read=False)
            self.mark_dirty()

    def _on_choice(self) -> None:
        """Show what the slider or the list says; of many choices only the last."""
        if self._player.is_following or not len(self.source):
            self.mark_dirty()
        else:
            self._playback.choose()

    def _on_page(self, change: Any) -> None:
        if change["name"] == "webgl" and self._scene is not None:
            if self._scene.webgl != (change["new"] != "no"):
                self._drop_scene()
            self.mark_dirty()
        elif change["name"] == "dark":
            self.set_dark(bool(change["new"]))
        elif change["name"] == "in_page":
            self.page_came()

    def _on_key(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict):
            self._player.pressed(str(content.get("key", "")))
