"""The live plot of conditions, over time or in a plane of two functions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.editing import ConditionEditor, Edits
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget, png_as_html
from asyncmd_jupyter.jupyter.widgets.gathering import gathered, scene_now, tracks_of
from asyncmd_jupyter.jupyter.widgets.interactive import (
    can_interact,
    canvas_of,
    look_for_zooming,
    take_over,
)
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.other_conditions import OtherConditions, own_conditions
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.verdict_line import verdict_lines
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished

ZOOM = "Pan and zoom"
QUIET_TO_SAVE = 4.0  # seconds after the last edit


class ConditionPlot(LiveView):
    """Each condition's functions over time for every walker and part, and where it held.

    Parameters
    ----------
    runs : RunLike or sequence of RunLike
        What is shown: one run, or all of a campaign.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    until : list of condition, optional
        Other conditions in the place of the runs' own: what is drawn and said is what
        the stored frames tell about them.
    plane : (str, str), optional
        Names of two functions: the walkers are drawn on the free energy over these.
    can_edit : bool
        Whether there are fields for the limits of the conditions under the plot.
    """

    kinds = (RunChanged, RunFinished)

    def __init__(
        self,
        runs: RunLike | Sequence[RunLike],
        events: EventBus | None = None,
        *,
        until: Sequence[Any] | None = None,
        plane: tuple[str, str] | None = None,
        can_edit: bool = False,
    ) -> None:
        super().__init__(events)
        self._runs = tuple(runs) if isinstance(runs, Sequence) else (runs,)
        self._ids = frozenset(run.id for run in self._runs)
        self._until = until
        self._others = None if until is None else OtherConditions(until)
        self._picture = Picture(plane)
        self._kept: tuple[object, str] | None = None
        self._drawn: tuple[object, Look] | None = None
        self._verdict: list[str] = []
        self._saving: asyncio.TimerHandle | None = None
        self._canvas: Any = None
        self.figure = FigureWidget(alt=self._picture.describe(self.scene()))
        self.figure.observe(self._on_room_changed, ["shown_width", "dark", "pixel_ratio"])
        self.figure.observe(self._on_theme_changed, "dark")
        self.figure.observe(lambda _: self.page_came(), "in_page")
        self.editor = ConditionEditor(self._editable(), self.edit) if can_edit else None
        self._line = ipywidgets.HTML()
        self._place = ipywidgets.VBox([self.figure])
        self._zoom = ipywidgets.Button(
            description=ZOOM, layout=ipywidgets.Layout(width="auto", align_self="flex-start")
        )
        self._widget = self._laid_out()

    @property
    def widget(self) -> Any:
        """The image that is shown, with what belongs to it."""
        return self._widget

    @property
    def has_page(self) -> bool:
        """Whether a page has the widget, on the screen or not."""
        return bool(self.figure.in_page)

    @property
    def is_kept_by_page(self) -> bool:
        """Whether the page leaves the widgets alone when the saved state is renewed."""
        return bool(self.figure.is_kept)

    @property
    def verdict(self) -> list[str]:
        """Which runs would have ended where, if the plot shows other conditions."""
        return list(self._verdict)

    def scene(self) -> Scene:
        """Return what there is to be drawn of the runs as they are."""
        return scene_now(self._runs)

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of these runs'."""
        return event.run_id in self._ids

    def is_final(self) -> bool:
        """Whether all runs have ended, and their stored parts have been read."""
        return all(run.snapshot().state.is_final for run in self._runs) and all(
            track.pieces.is_read for run in self._runs for track in tracks_of(run)
        )

    def edit(self, edits: Edits) -> None:
        """Give intervals of the conditions other limits; without any the plot is as it was.

        Parameters
        ----------
        edits : Mapping
            Name of a condition and place of an interval in it -> low and high.
        """
        others = OtherConditions(self._until, edits) if edits or self._until else None
        self._others = others
        self.is_saved = self.has_page
        self._save_later()
        self.mark_dirty()

    def _save_later(self) -> None:
        """Save what is edited, but not at once: a page takes the cursor out of the field then."""
        self._forget_to_save()
        if self.has_page and self._loop is not None:
            self._saving = self._loop.call_later(QUIET_TO_SAVE, self.save)

    def _forget_to_save(self) -> None:
        if self._saving is not None:
            self._saving.cancel()

    async def refresh(self) -> None:
        """Draw in a thread and send the image, unless it would be the same again."""
        await self._draw(others := self._others)
        while others is not self._others:  # edited while the last picture was being drawn
            await self._draw(others := self._others)

    async def _draw(self, others: OtherConditions | None) -> None:
        look = self.figure.look()
        scene = await self._gathered(others)
        is_final = self.is_final()
        essence = (_essence(scene), others)
        if not is_final:
            look = look.passing
        if self._drawn != (essence, look):
            png, said = await in_drawing_thread(self._picture.draw, scene, look)
            self.figure.put(png, " ".join([said, *self._verdict]), look)
            self._drawn = essence, look
        if is_final and (self._kept is None or self._kept[0] != essence):
            self._kept = essence, await in_drawing_thread(self._picture.still, scene)

    async def interactive(self) -> Any:
        """Return the plot as it is now as a widget in which one can pan and zoom.

        Raises
        ------
        ModuleNotFoundError
            Without ipympl.
        """
        scene = await self._gathered(self._others)
        look = look_for_zooming(self.figure.look())
        figure = await in_drawing_thread(self._picture.figure, scene, look)
        return canvas_of(figure)

    def _zoom_pressed(self, _button: Any) -> None:
        self.run_in_background(self._switch())

    async def _switch(self) -> None:
        """Show what can be zoomed in the place of the picture, or the picture again."""
        shows_picture = self._canvas is None
        if self._canvas is None:
            self._put_canvas(await self.interactive())
        else:
            # Pages keep a canvas that is taken away, so it is out of sight first.
            self._canvas.layout.display = "none"
            self._canvas = None
        self._hide_picture(shows_picture)
        self._zoom.description = "Back to the live picture" if shows_picture else ZOOM

    def _put_canvas(self, canvas: Any) -> None:
        self._canvas = canvas
        self._place.children = (self.figure, canvas)

    def _hide_picture(self, is_hidden: bool) -> None:
        """Hide the picture, but so that its page still says how wide and dark it is."""
        layout = self.figure.layout
        layout.visibility, layout.height = ("hidden", "0px") if is_hidden else (None, None)
        layout.overflow = "hidden" if is_hidden else None

    def _on_theme_changed(self, _change: Any) -> None:
        if self._canvas is not None:
            self.run_in_background(self._draw_canvas_anew(self._canvas))

    async def _draw_canvas_anew(self, before: Any) -> None:
        """Show the same part in the colours of another theme."""
        canvas = await self.interactive()
        if self._canvas is not before:  # somebody went back meanwhile
            return
        take_over(before, canvas)
        before.layout.display = "none"
        self._put_canvas(canvas)

    async def _gathered(self, others: OtherConditions | None) -> Scene:
        if others is None:
            self._verdict = []
            scene = await gathered(self._runs)
        else:
            scene, outcomes = await others.scene(self._runs)
            self._verdict = verdict_lines(outcomes)
        self._line.value = self._verdict_html(live=True)
        return scene

    def text(self) -> str:
        """Return in words what the plot shows."""
        if self._verdict:
            return self.figure.alt
        return self._picture.describe(self.scene())

    def html(self) -> str:
        """Return the plot as an image, before the first one what it waits for."""
        return self._image_html() + self._verdict_html()

    def _image_html(self) -> str:
        if self._kept is not None:
            return self._kept[1]
        if self._drawn is not None and not self.figure.dark:
            look = self.figure.look()
            return png_as_html(self.figure.png, self.figure.alt, look.width)
        return f"<p>{escape(self._picture.describe(self.scene()))}</p>"

    def _verdict_html(self, *, live: bool = False) -> str:
        if not self._verdict:
            return ""
        said = "".join(f"<div>{escape(line)}</div>" for line in self._verdict)
        role = ' role="status"' if live else ""
        return f'<div{role} style="line-height:1.5">{_HEADING}{said}</div>'

    def show_error(self, message: str) -> None:
        """Say above the plot what went wrong."""
        self.figure.problem = message

    def close(self) -> None:
        """Stop to follow; what is shown stays."""
        super().close()
        self._forget_to_save()
        if self.editor is not None:
            self.editor.close()

    def _editable(self) -> list[Condition]:
        """Conditions of all runs, each name once; other ones that were given come first."""
        if self._until is not None:
            return OtherConditions(self._until).of(self._runs[0])  # type: ignore[arg-type]
        specified = [run for run in self._runs if getattr(run, "spec", None) is not None]
        own = [one for run in specified for one in own_conditions(run)]  # type: ignore[arg-type]
        return list({condition.name: condition for condition in own[::-1]}.values())[::-1]

    def _laid_out(self) -> Any:
        if self.editor is None and self._until is None:
            return self.figure
        below = [] if self.editor is None or self.editor.is_empty else [self.editor.widget]
        zoom = [self._zoom] if can_interact() else []
        self._zoom.on_click(self._zoom_pressed)
        return ipywidgets.VBox([self._place, *zoom, self._line, *below])

    def _on_room_changed(self, _change: Any) -> None:
        self.mark_dirty()


_HEADING = "<b>With these conditions instead</b>"


def _essence(scene: Scene) -> tuple[object, ...]:
    """Give what decides about the drawing; frames are only ever added."""
    frames = tuple((track.n_frames, track.hit, track.is_final) for track in scene.tracks)
    states = tuple(run.state for run in scene.runs) if scene.is_empty else scene.is_final
    return frames, states
