"""Answers what the reader does with a plot: pointing, clicking, zooming, stepping by keys."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget
from asyncmd_jupyter.jupyter.widgets.frame_links import FrameAt
from asyncmd_jupyter.jupyter.widgets.frame_words import told_of
from asyncmd_jupyter.jupyter.widgets.look import Look, lone_colour, walker_colour
from asyncmd_jupyter.jupyter.widgets.overlay import REACH, Overlay, Pick
from asyncmd_jupyter.jupyter.widgets.plane_paths import PlaneOverlay
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom, zoom_of


class Shown:
    """A drawing that is on the screen: finds frames by points, and points by frames."""

    def __init__(self, scene: Scene, overlay: Overlay | PlaneOverlay, look: Look) -> None:
        self.scene, self.overlay, self.look = scene, overlay, look

    @cached_property
    def _places(self) -> dict[tuple[str, int], int]:
        tracks = enumerate(self.scene.tracks)
        return {(track.run.id, track.walker.index): place for place, track in tracks}

    def frame_at(self, left: float, top: float, reach: float) -> FrameAt | None:
        """Find the frame that is drawn at a point; call it in a thread."""
        pick = self.overlay.at(left, top, reach)
        return None if pick is None else self.frame_of(pick)

    def frame_of(self, pick: Pick) -> FrameAt:
        """Say which frame a place in the plot stands for."""
        track = self.scene.tracks[pick.place]
        return FrameAt(track.run.id, track.walker.index, pick.time)

    def mark(self, frames: Sequence[FrameAt]) -> dict[str, Any]:
        """What a page draws of some frames; empty if the plot has none of these walkers."""
        picks = list(self._picks(frames))
        if not picks:
            return {}
        dots = [
            (dot.axes, dot.x, dot.y, self._colour(pick.place))
            for pick in picks
            for dot in self.overlay.dots([pick])
        ]
        first = picks[0]
        number = frames[0].frame
        words = told_of(self.scene, self.overlay, first, number, len(picks))
        return {"time": first.time, "dots": dots, "words": words}

    def _picks(self, frames: Sequence[FrameAt]) -> Iterator[Pick]:
        for frame in frames:
            place = self._places.get((frame.run, frame.walker))
            if place is not None:
                yield Pick(place, frame.time)

    def _colour(self, place: int) -> str:
        if self.scene.is_dense:
            return lone_colour(self.look)
        return walker_colour(place, len(self.scene.tracks), self.look)

    def stepped(self, frame: FrameAt | None, key: str) -> FrameAt | None:
        """Return the frame before or after another one, the first or the last one."""
        known = frame if frame is not None and self.mark([frame]) else None
        place = self._places[known.run, known.walker] if known else 0
        times = self.scene.tracks[place].series.times
        if not len(times):
            return None
        last = len(times) - 1
        at = last if known is None else int(abs(times - known.time).argmin())
        number = {"next": at + 1, "previous": at - 1, "first": 0, "last": last}.get(key, at)
        number = min(max(0, number), last)
        return self.frame_of(Pick(place, float(times[number])))._replace(frame=number)


class Interaction:
    """What a page and a plot tell each other.

    Parameters
    ----------
    figure : FigureWidget
    redraw : callable
        Draws the plot again when another part of it is wanted.
    in_background : callable
        Runs a coroutine and shows its error.
    """

    def __init__(
        self,
        figure: FigureWidget,
        redraw: Callable[[], Awaitable[None]],
        in_background: Callable[[Awaitable[None]], None],
    ) -> None:
        self._figure = figure
        self._redraw = redraw
        self._in_background = in_background
        self._shown: Shown | None = None
        self._frames: tuple[FrameAt, ...] = ()
        self._on_chosen: Callable[[FrameAt], None] | None = None
        self._on_key: Callable[[str], bool] | None = None
        self.zoom: Zoom | None = None
        figure.on_msg(self._heard)

    @property
    def frames(self) -> tuple[FrameAt, ...]:
        """The frames that are marked in the plot."""
        return self._frames

    def connect(
        self, on_chosen: Callable[[FrameAt], None], on_key: Callable[[str], bool] | None = None
    ) -> None:
        """Let others know of a frame that was clicked, and of keys, if they answer these."""
        self._on_chosen = on_chosen
        self._on_key = on_key

    def drawn(self, scene: Scene, overlay: Overlay | PlaneOverlay | None, look: Look) -> Any:
        """Take in a new drawing; return what a page gets with it."""
        self._shown = None if overlay is None else Shown(scene, overlay, look)
        told = {} if overlay is None else overlay.as_json()
        return {"overlay": told, "cursor": self._cursor()}

    def mark(self, frames: Sequence[FrameAt]) -> None:
        """Mark the frames that are shown elsewhere."""
        self._frames = tuple(frames)
        self._figure.cursor = self._cursor()

    def _cursor(self) -> dict[str, Any]:
        return {} if self._shown is None else self._shown.mark(self._frames)

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        asked = content.get("plot") if isinstance(content, dict) else None
        if not isinstance(asked, dict):
            return
        answers = {
            "hover": self._hovered,
            "click": self._clicked,
            "zoom": self._zoomed,
            "key": self._pressed,
        }
        answer = answers.get(str(asked.get("kind")))
        if answer is not None:
            self._in_background(answer(asked))

    def _reply(self, asked: Mapping[str, Any], **more: Any) -> None:
        """Answer to the view of the page that has asked; a plot may be shown twice."""
        view = {name: asked.get(name) for name in ("view", "number")}
        self._figure.send({"plot": view | more})

    async def _hovered(self, asked: Mapping[str, Any]) -> None:
        shown, point = self._shown, _point(asked)
        tip: dict[str, Any] = {}
        if shown is not None and point is not None:
            frame = await asyncio.to_thread(shown.frame_at, *point, REACH)
            tip = {} if frame is None else shown.mark([frame])
        self._reply(asked, tip=tip)

    async def _clicked(self, asked: Mapping[str, Any]) -> None:
        self._reply(asked)
        shown, point = self._shown, _point(asked)
        if shown is not None and point is not None:
            frame = await asyncio.to_thread(shown.frame_at, *point, math.inf)
            if frame is not None:
                self._choose(frame)

    def _choose(self, frame: FrameAt) -> None:
        if self._on_chosen is None:
            self.mark([frame])
        else:
            self._on_chosen(frame)

    async def _zoomed(self, asked: Mapping[str, Any]) -> None:
        self._reply(asked)
        self.zoom = zoom_of(asked.get("to"))
        await self._redraw()

    async def _pressed(self, asked: Mapping[str, Any]) -> None:
        self._reply(asked)
        key = str(asked.get("key"))
        if self._on_key is not None and self._on_key(key):
            return
        at = self._frames[0] if self._frames else None
        frame = None if self._shown is None else self._shown.stepped(at, key)
        if frame is not None and key == "choose":
            self._choose(frame)
        elif frame is not None:
            self.mark([frame])


def _point(asked: Mapping[str, Any]) -> tuple[float, float] | None:
    left, top = asked.get("left"), asked.get("top")
    if isinstance(left, int | float) and isinstance(top, int | float):
        return float(left), float(top)
    return None
