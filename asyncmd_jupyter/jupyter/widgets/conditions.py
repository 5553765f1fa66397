"""The live plot of conditions over time."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.condition_plot import Scene, describe, draw_conditions
from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget, png_as_html
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished

STATIC_LOOK = Look(width=720, ratio=1.5, background="white")


class ConditionPlot(LiveView):
    """Each condition's functions over time for every walker and part, and where it held.

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
        run = self._run.snapshot()
        return Scene(run, tuple(self._run.series(w.index) for w in run.walkers))

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of this run's."""
        return bool(event.run_id == self._run.id)

    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self._run.snapshot().state.is_final

    async def refresh(self) -> None:
        """Draw in a thread and send the image, unless it would be the same again."""
        scene, look = self.scene(), self._widget.look()
        if not scene.run.state.is_final:
            look = look.passing
        if self._drawn != (_essence(scene), look):
            png = await in_drawing_thread(draw_conditions, scene, look)
            self._widget.put(png, describe(scene), look.width)
            self._drawn = (_essence(scene), look)
        if scene.run.state.is_final and not self._final_image:
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


def _still(scene: Scene) -> str:
    png = draw_conditions(scene, STATIC_LOOK)
    return png_as_html(png, describe(scene), STATIC_LOOK.width)


def _essence(scene: Scene) -> tuple[object, ...]:
    """Give what decides about the drawing; frames are only ever added."""
    lengths = tuple(len(s.times) for s in scene.series)
    reached = tuple(s.reached_frame for s in scene.series)
    return lengths, reached, scene.run.state if not any(lengths) else None
