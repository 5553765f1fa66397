"""The live plot of conditions over time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.condition_plot import draw_conditions
from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget, png_as_html
from asyncmd_jupyter.jupyter.widgets.gathering import gathered, scene_now
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.scene import Scene, describe
from asyncmd_jupyter.jupyter.widgets.still import still_html
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished


class ConditionPlot(LiveView):
    """Each condition's functions over time for every walker and part, and where it held.

    Parameters
    ----------
    runs : RunLike or sequence of RunLike
        What is shown: one run, or all of a campaign.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    """

    kinds = (RunChanged, RunFinished)

    def __init__(self, runs: RunLike | Sequence[RunLike], events: EventBus | None = None) -> None:
        super().__init__(events)
        self._runs = tuple(runs) if isinstance(runs, Sequence) else (runs,)
        self._ids = frozenset(run.id for run in self._runs)
        self._known = Densities()
        self._final_image = ""
        self._drawn: tuple[object, Look] | None = None
        self._widget = FigureWidget(alt=describe(self.scene()))
        self._widget.observe(self._on_room_changed, ["shown_width", "dark", "pixel_ratio"])
        self._widget.observe(lambda _: self.page_came(), "in_page")

    @property
    def widget(self) -> Any:
        """The image that is shown."""
        return self._widget

    def scene(self) -> Scene:
        """Return what there is to be drawn now."""
        return scene_now(self._runs)

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of these runs'."""
        return event.run_id in self._ids

    def is_final(self) -> bool:
        """Whether all runs have ended."""
        return all(run.snapshot().state.is_final for run in self._runs)

    async def refresh(self) -> None:
        """Draw in a thread and send the image, unless it would be the same again."""
        scene, look = await gathered(self._runs), self._widget.look()
        if not scene.is_final:
            look = look.passing
        essence = _essence(scene)
        if self._drawn != (essence, look):
            draw = partial(draw_conditions, known=self._known)
            png, said = await in_drawing_thread(_drawn, draw, scene, look)
            self._widget.put(png, said, look.width)
            self._drawn = essence, look
        if scene.is_final and not self._final_image:
            self._final_image = await in_drawing_thread(_still, scene)

    def text(self) -> str:
        """Return in words what the plot shows."""
        return describe(self.scene())

    def html(self) -> str:
        """Return the plot as an image, before the first one what it waits for."""
        if self._final_image:
            return self._final_image
        if self._drawn is not None and not self._widget.dark:
            look = self._widget.look()
            return png_as_html(self._widget.png, self._widget.alt, look.width)
        return f"<p>{escape(describe(self.scene()))}</p>"

    def show_error(self, message: str) -> None:
        """Say above the plot what went wrong."""
        self._widget.problem = message

    def _on_room_changed(self, _change: Any) -> None:
        self.mark_dirty()


def _drawn(draw: Any, scene: Scene, look: Look) -> tuple[bytes, str]:
    return draw(scene, look), describe(scene)


def _still(scene: Scene) -> str:
    return still_html(lambda look, kind: draw_conditions(scene, look, kind), describe(scene))


def _essence(scene: Scene) -> tuple[object, ...]:
    """Give what decides about the drawing; frames are only ever added."""
    frames = tuple((track.n_frames, track.hit, track.is_final) for track in scene.tracks)
    states = tuple(run.state for run in scene.runs) if scene.is_empty else scene.is_final
    return frames, states
