"""Keeps a plot and a molecule on the same frame."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.frame_links import FrameAt
from asyncmd_jupyter.jupyter.widgets.interaction import Interaction
from asyncmd_jupyter.jupyter.widgets.sources import Source, WalkerSource
from asyncmd_jupyter.jupyter.widgets.trajectory import TrajectoryPreview

MOST_CHOICES = 64  # walkers in the list of a molecule's view; of more, one at a time


def link(plot: Interaction, molecule: TrajectoryPreview) -> None:
    """Mark the frame that a molecule's view shows, and show there what is clicked in a plot."""
    molecule.frames.listen(plot.mark)
    plot.connect(molecule.frames.choose, molecule.frames.press)


class MoleculeBelow:
    """The molecule of a plot that stands alone: it comes when a frame is clicked.

    Parameters
    ----------
    plot : Interaction
    runs : sequence of RunLike
    events : EventBus, optional
    """

    def __init__(self, plot: Interaction, runs: Sequence[RunLike], events: EventBus | None) -> None:
        self._plot, self._runs, self._events = plot, runs, events
        self._hide = ipywidgets.Button(
            description="Hide the molecule",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self._hide.on_click(lambda _: self._put_away())
        self._view: TrajectoryPreview | None = None
        self.widget = ipywidgets.VBox()
        plot.connect(self._chosen, self._press)

    def close(self) -> None:
        """Stop to follow the frames."""
        if self._view is not None:
            self._view.close()

    @property
    def view(self) -> TrajectoryPreview | None:
        """The view of the molecule, if a frame was chosen."""
        return self._view

    def _press(self, key: str) -> bool:
        return self._view is not None and self._view.frames.press(key)

    def _chosen(self, frame: FrameAt) -> None:
        if self._view is None or not self._view.frames.has(frame.run, frame.walker):
            self._open(frame)
        if self._view is not None:
            self._view.frames.choose(frame)

    def _open(self, frame: FrameAt) -> None:
        self.close()
        self._view = TrajectoryPreview(self._items(frame), self._events, keeps_new_runs=False)
        self._view.frames.listen(self._plot.mark)
        molecule = ipywidgets.VBox(
            [self._hide, self._view.open().widget], layout=ipywidgets.Layout(max_width="720px")
        )
        self.widget.children = [molecule, *self._view.new_runs]

    def _items(self, frame: FrameAt) -> Sequence[RunLike | Source]:
        if sum(len(run.snapshot().walkers) for run in self._runs) <= MOST_CHOICES:
            return self._runs
        run = next(run for run in self._runs if run.id == frame.run)
        return [WalkerSource(run, frame.walker, f"{run.id}, walker {frame.walker}")]

    def _put_away(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view.rest()
        self._view = None
        self.widget.children = []
        self._plot.mark([])
