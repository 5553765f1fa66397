"""Shows the frames that are chosen, one after the other where they are played."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from asyncmd_jupyter.jupyter.widgets.player import Player


class Playback:
    """Makes sure that what the player says is shown, and that nothing piles up.

    Parameters
    ----------
    player : Player
    show : callable
        Shows what the player says at that moment.
    run_in_background : callable
        Runs a coroutine and shows its error.
    """

    def __init__(
        self,
        player: Player,
        show: Callable[[], Awaitable[None]],
        run_in_background: Callable[[Awaitable[None]], None],
    ) -> None:
        self._player = player
        self._show = show
        self._run_in_background = run_in_background
        self._is_showing = False
        self._is_playing = False

    def choose(self) -> None:
        """Show what was chosen; of many choices only the last."""
        if not self._is_showing:
            self._is_showing = True
            self._run_in_background(self._show_chosen())

    def begin(self) -> None:
        """Play until there is nothing more to play, or somebody stops it."""
        if not self._is_playing:
            self._is_playing = True
            self._run_in_background(self._play())

    async def _show_chosen(self) -> None:
        try:
            shown = None
            while shown != (self._player.frame, self._player.chosen):
                shown = self._player.frame, self._player.chosen
                await self._show()
        finally:
            self._is_showing = False

    async def _play(self) -> None:
        """Go on only when the last frame is shown: slow drawing slows it down."""
        try:
            while True:
                await asyncio.sleep(self._player.tick)
                await self._show()
                if not self._player.is_playing:
                    return
                self._player.advance()
        finally:
            self._is_playing = False
            self._player.pause()
