"""The live plot of conditions, over time or in a plane of two functions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.editing import ConditionEditor, Edits
from asyncmd_jupyter.jupyter.widgets.energies import EnergyChoice
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget, png_as_html
from asyncmd_jupyter.jupyter.widgets.gathering import gathered, scene_now, tracks_of
from asyncmd_jupyter.jupyter.widgets.interaction import Interaction
from asyncmd_jupyter.jupyter.widgets.linked import MoleculeBelow
from asyncmd_jupyter.jupyter.widgets.other_conditions import OtherConditions, own_conditions
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.verdict_line import verdict_lines
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished

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
        Names of two functions: the walkers are drawn in the plane of these.
    can_edit : bool
        Whether there are fields for the limits of the conditions under the plot.
    energies : sequence of str, optional
        Columns of `EnergyTable` that are shown, too; see `EnergyChoice`.
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
        energies: Sequence[str] | None = None,
    ) -> None:
        super().__init__(events)
        self._runs = tuple(runs) if isinstance(runs, Sequence) else (runs,)
        self._ids = frozenset(run.id for run in self._runs)
        self._until = until
        self._others = None if until is None else OtherConditions(until)
        self._picture = Picture(plane)
        self.energies = EnergyChoice(() if plane else self._runs, self.mark_dirty, energies)
        self._kept: tuple[object, str] | None = None
        self._drawn: object = None
        self._drawing = asyncio.Lock()
        self._verdict: list[str] = []
        self._saving: asyncio.TimerHandle | None = None
        self.figure = FigureWidget(alt=self._picture.describe(self.scene()))
        self.figure.observe(self._on_room_changed, ["shown_width", "dark", "pixel_ratio"])
        self.figure.observe(lambda _: self.page_came(), "in_page")
        self.editor = ConditionEditor(self._editable(), self.edit) if can_edit else None
        self.interaction = Interaction(self.figure, self.refresh, self.run_in_background)
        # Within the view of a run, the molecule is that of this view.
        is_alone = can_edit or until is not None
        self.molecule = MoleculeBelow(self.interaction, self._runs, events) if is_alone else None
        self._line = ipywidgets.HTML()
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
        return replace(scene_now(self._runs), more=self.energies.panels)

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
        async with self._drawing:
            await self._draw(others := self._others)
            while others is not self._others:  # edited while the last picture was being drawn
                await self._draw(others := self._others)

    async def _draw(self, others: OtherConditions | None) -> None:
        look, zoom = self.figure.look(), self.interaction.zoom
        scene = await self._gathered(others)
        is_final = self.is_final()
        essence = (_essence(scene), others)
        if not is_final:
            look = look.passing
        if self._drawn != (essence, look, zoom):
            drawn = await in_drawing_thread(self._picture.draw, scene, look, zoom)
            words = " ".join([drawn.words, *self._verdict])
            over = self.interaction.drawn(scene, drawn.overlay, look)
            caption = " ".join(filter(None, (drawn.caption, self.energies.problem)))
            self.figure.put(drawn.png, words, look, caption=caption, **over)
            self._drawn = essence, look, zoom
        if is_final and (self._kept is None or self._kept[0] != essence):
            self._kept = essence, await in_drawing_thread(self._picture.still, scene)

    async def _gathered(self, others: OtherConditions | None) -> Scene:
        if others is None:
            self._verdict = []
            scene = await gathered(self._runs)
        else:
            scene, outcomes = await others.scene(self._runs)
            self._verdict = verdict_lines(outcomes)
        self._line.value = self._verdict_html(live=True)
        return await self.energies.added_to(scene)

    def text(self) -> str:
        """Return in words what the plot shows."""
        return self.text_of(self.scene())

    def text_of(self, scene: Scene) -> str:
        """Return the same of a moment that is known."""
        return self.figure.alt if self._verdict else self._picture.describe(scene)

    def html(self) -> str:
        """Return the plot as an image, before the first one what it waits for."""
        return self.html_of(self.scene())

    def html_of(self, scene: Scene) -> str:
        """Return the same of a moment that is known."""
        return self._image_html(scene) + self._verdict_html()

    def _image_html(self, scene: Scene) -> str:
        if self._kept is not None:
            return self._kept[1]
        if self.figure.png and not self.figure.image_dark:
            image = png_as_html(self.figure.png, self.figure.alt, self.figure.image_width)
            return image + (f"<p>{escape(self.figure.caption)}</p>" if self.figure.caption else "")
        return f"<p>{escape(self._picture.describe(scene))}</p>"

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
        if self.molecule is not None:
            self.molecule.close()

    def _editable(self) -> list[Condition]:
        """Conditions of all runs, each name once; other ones that were given come first."""
        if self._until is not None:
            return OtherConditions(self._until).of(self._runs[0])  # type: ignore[arg-type]
        specified = [run for run in self._runs if getattr(run, "spec", None) is not None]
        own = [one for run in specified for one in own_conditions(run)]  # type: ignore[arg-type]
        return list({condition.name: condition for condition in own[::-1]}.values())[::-1]

    def _laid_out(self) -> Any:
        if self.molecule is None:
            return self.figure
        below = [] if self.editor is None or self.editor.is_empty else [self.editor.widget]
        below.append(self.molecule.widget)
        return ipywidgets.VBox([self.figure, self.energies.widget, self._line, *below])

    def _on_room_changed(self, _change: Any) -> None:
        self.mark_dirty()


_HEADING = "<b>With these conditions instead</b>"


def _essence(scene: Scene) -> tuple[object, ...]:
    """Give what decides about the drawing; frames are only ever added."""
    frames = tuple((track.n_frames, track.hit, track.is_final) for track in scene.tracks)
    states = tuple(run.state for run in scene.runs) if scene.is_empty else scene.is_final
    rows = tuple((panel.title, *(len(line.times) for line in panel.lines)) for panel in scene.more)
    return frames, states, rows
