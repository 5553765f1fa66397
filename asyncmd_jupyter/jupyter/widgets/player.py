"""Slider, play button, and the choice of a walker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets


class Player:
    """Says which frame of which walker is to be shown.

    It follows the newest frame until somebody chooses another one, and again when the
    last frame or *Newest* is chosen.

    Parameters
    ----------
    n_walkers : int
    on_choice : callable
        Called when the reader chose something.
    """

    def __init__(self, n_walkers: int, on_choice: Callable[[], None]) -> None:
        self._on_choice = on_choice
        self._moving = False
        self._walkers = ipywidgets.Dropdown(
            options=[(f"walker {i}", i) for i in range(n_walkers)],
            tooltip="Which walker is shown",
            layout=ipywidgets.Layout(width="96px"),
        )
        self._play = ipywidgets.Play(
            min=0,
            max=0,
            interval=100,
            show_repeat=False,
            layout=ipywidgets.Layout(width="84px", flex="0 0 auto"),
        )
        self._slider = ipywidgets.IntSlider(
            min=0, max=0, readout=False, layout=ipywidgets.Layout(flex="1 1 120px", width="auto")
        )
        self._slider.tooltip = "Which frame is shown"
        self._newest = ipywidgets.ToggleButton(
            value=True,
            description="Newest",
            tooltip="Follow the newest frame",
            layout=ipywidgets.Layout(width="auto", flex="0 0 auto"),
        )
        self._said = ipywidgets.Label(layout=ipywidgets.Layout(flex="1 1 auto", min_width="0"))
        self._link = ipywidgets.jslink((self._slider, "value"), (self._play, "value"))
        self._walkers.observe(self._walker_chosen, "value")
        self._slider.observe(self._frame_chosen, "value")
        self._newest.observe(self._newest_chosen, "value")
        several = [self._walkers] if n_walkers > 1 else []
        rows = ([self._play, self._slider], [*several, self._said, self._newest])
        lined_up = ipywidgets.Layout(align_items="center", width="100%")
        self.widget: Any = ipywidgets.VBox(
            [ipywidgets.HBox(row, layout=lined_up) for row in rows],
            layout=ipywidgets.Layout(width="100%"),
        )

    @property
    def walker(self) -> int:
        """The chosen walker."""
        return int(self._walkers.value)

    @property
    def frame(self) -> int:
        """The chosen frame."""
        return int(self._slider.value)

    @property
    def is_following(self) -> bool:
        """Whether the newest frame is wanted, whichever it is."""
        return bool(self._newest.value)

    def frames_grew(self, n_frames: int) -> None:
        """Make room for new frames; move to the newest when following."""
        last = max(0, n_frames - 1)
        self._moving = True
        try:
            self._play.max = last
            self._slider.max = last
            if self.is_following:
                self._slider.value = last
                self._play.value = last
        finally:
            self._moving = False

    def say(self, text: str) -> None:
        """Write a line below the controls."""
        self._said.value = text

    def _walker_chosen(self, _change: Any) -> None:
        self._newest.value = True
        self._on_choice()

    def _frame_chosen(self, change: Any) -> None:
        if self._moving:
            return
        if self._newest.value and change["new"] < self._slider.max:
            self._newest.value = False
        self._on_choice()

    def _newest_chosen(self, change: Any) -> None:
        if change["new"]:
            self._on_choice()
