"""The page's half of a preview: whether it can draw in three dimensions, keys, theme."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class PageHelper(anywidget.AnyWidget):
    """Nothing to be seen; it says what the page is like.

    Keys that are pressed somewhere in the preview come as messages ``{"key": …}`` with
    ``play``, ``next``, ``previous``, ``first`` or ``last``.
    """

    _esm = HERE / "page.js"
    in_page = traitlets.Bool(False).tag(sync=True)
    is_kept = traitlets.Bool(False).tag(sync=True)
    webgl = traitlets.Unicode("").tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)
    on_screen = traitlets.Bool(False).tag(sync=True)

    async def answer(self, patience: float) -> None:
        """Wait until a page has said whether it has WebGL, but not for long."""
        said = asyncio.Event()

        def tell(_change: object) -> None:
            said.set()

        self.observe(tell, "webgl")
        try:
            if not self.webgl:
                await asyncio.wait_for(said.wait(), patience)
        except TimeoutError:
            pass
        finally:
            self.unobserve(tell, "webgl")
