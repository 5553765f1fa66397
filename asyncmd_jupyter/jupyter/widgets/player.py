"""Slider, play button, and the choice of what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from asyncmd_jupyter.jupyter.widgets.frame_slider import FrameSlider

FRAMES_PER_SECOND = (2, 5, 10, 20, 50, 100, 500)
USUAL = 10
MOST_TICKS = 10  # a second, for the page and the kernel: faster means to leave out frames
PLAY, PAUSE = "play", "pause"


class Player:
    """Says which frame of what is to be shown.

    It follows the newest frame until somebody chooses another one, and again when the
    last frame or *Newest* is chosen.

    Parameters
    ----------
    labels : list of str
        What there is to choose from.
    on_choice : callable
        Called when the reader chose something.
    on_play : callable
        Called when frames are to be played; what plays calls `advance` until nothing is
        to be played any more. (ipywidgets.Play stops at once where a page has two views
        of it.)
    """

    def __init__(
        self,
        labels: Sequence[str],
        on_choice: Callable[[], None],
        on_play: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_choice = on_choice
        self._on_play = on_play
        self._is_going = False
        self._which = ipywidgets.Dropdown(
            options=[(label, i) for i, label in enumerate(labels)],
            tooltip="Which trajectory is shown",
            layout=ipywidgets.Layout(width="auto", max_width="180px"),
        )
        self._play = _toggle(PLAY, "Play, or pause")
        self._loop = _toggle("repeat", "Loop: after the last frame go on with the first")
        self._slider = FrameSlider(layout=ipywidgets.Layout(flex="1 1 100px", width="auto"))
        self._back = _button("angle-left", "One frame back", lambda: self.step(-1))
        self._ahead = _button("angle-right", "One frame ahead", lambda: self.step(1))
        self._speed = ipywidgets.Dropdown(
            options=[(f"{rate}/s", rate) for rate in FRAMES_PER_SECOND],
            value=USUAL,
            tooltip="Frames in a second while it plays",
            layout=_narrow("72px"),
        )
        self._newest = ipywidgets.ToggleButton(
            value=True,
            description="Newest",
            tooltip="Follow the newest frame",
            layout=_narrow("auto"),
        )
        self._said = ipywidgets.Label(layout=ipywidgets.Layout(flex="1 1 auto", min_width="0"))
        self._which.observe(self._chosen, "value")
        self._play.observe(self._play_pressed, "value")
        self._slider.observe(self._frame_chosen, "value")
        self._newest.observe(self._newest_chosen, "value")
        several = [self._which] if len(labels) > 1 else []
        rows = (
            [self._play, self._loop, self._back, self._slider, self._ahead, self._speed],
            [*several, self._said, self._newest],
        )
        lined_up = ipywidgets.Layout(align_items="center", width="100%")
        self.widget: Any = ipywidgets.VBox(
            [ipywidgets.HBox(row, layout=lined_up) for row in rows],
            layout=ipywidgets.Layout(width="100%"),
        )

    @property
    def chosen(self) -> int:
        """Number of what is shown."""
        return int(self._which.value)

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
        self._slider.max = max(0, n_frames - 1)
        self._follow()

    def say(self, text: str) -> None:
        """Write a line below the controls."""
        self._said.value = text

    def pressed(self, key: str) -> None:
        """Answer to a key: ``play``, ``next``, ``previous``, ``first`` or ``last``."""
        if key == "play":
            self._play.value = not self._play.value
        elif key in ("next", "previous"):
            self.step(1 if key == "next" else -1)
        elif key == "first":
            self.step(-self._slider.max)
        elif key == "last":
            self._newest.value = True

    def step(self, n_frames: int) -> None:
        """Move by some frames, as far as there are any."""
        self._slider.value = min(max(0, self._slider.value + n_frames), self._slider.max)

    def go_to(self, which: int, frame: int, n_frames: int) -> None:
        """Choose one of the trajectories and a frame of it, which has so many."""
        self._is_going = True  # of all this only the end is shown
        try:
            self._newest.value = False
            self._which.value = which
            self._slider.max = max(0, n_frames - 1)
            self._slider.value = frame
            self._newest.value = frame == self._slider.max
        finally:
            self._is_going = False
        self.pause()
        self._choose()

    @property
    def is_playing(self) -> bool:
        """Whether one frame after the other is to be shown."""
        return bool(self._play.value)

    @property
    def tick(self) -> float:
        """Seconds between two frames that are played."""
        return 1 / min(int(self._speed.value), MOST_TICKS)

    def advance(self) -> None:
        """Go on to the frame that is played next, or stop at the end."""
        if self._slider.value < self._slider.max:
            self.step(max(1, int(self._speed.value) // MOST_TICKS))
        elif self._loop.value:
            self.step(-self._slider.max)
        else:
            self.pause()

    def pause(self) -> None:
        """Stop playing."""
        self._play.value = False

    def _chosen(self, _change: Any) -> None:
        self._choose()

    def _choose(self) -> None:
        if not self._is_going:
            self._on_choice()

    def _follow(self) -> None:
        if self.is_following:
            self._slider.value = self._slider.max

    def _frame_chosen(self, change: Any) -> None:
        """Show it, unless it is the newest one, which is followed anyway.

        Whoever moved the slider does not matter: a page may do so in another thread at the
        moment in which there are new frames, and what it chose must not get lost.
        """
        if change["new"] < self._slider.max:
            self._newest.value = False
        elif self.is_following:
            return
        self._choose()

    def _newest_chosen(self, change: Any) -> None:
        if change["new"]:
            self._follow()
            self._choose()

    def _play_pressed(self, change: Any) -> None:
        self._play.icon = PAUSE if change["new"] else PLAY
        if change["new"]:
            if self._slider.value >= self._slider.max > 0:
                self.step(-self._slider.max)  # behind the last frame there is nothing to play
            self._on_play()


def _toggle(icon: str, tooltip: str) -> Any:
    return ipywidgets.ToggleButton(icon=icon, tooltip=tooltip, layout=_narrow("36px", padding="0"))


def _button(icon: str, tooltip: str, pressed: Callable[[], None]) -> Any:
    button = ipywidgets.Button(icon=icon, tooltip=tooltip, layout=_narrow("28px"))
    button.style.button_color = "transparent"
    button.on_click(lambda _: pressed())
    return button


def _narrow(width: str, **more: str) -> Any:
    return ipywidgets.Layout(width=width, flex="0 0 auto", **more)
