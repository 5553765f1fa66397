"""The page's half of a preview: whether it can draw in three dimensions, keys, theme."""

from __future__ import annotations

import asyncio

import traitlets

from asyncmd_jupyter.jupyter.widgets.page_widget import PageWidget, front_end


class PageHelper(PageWidget):
    """Nothing to be seen; it says what the page is like.

    Keys that are pressed somewhere in the preview come as messages ``{"key": …}`` with
    ``play``, ``next``, ``previous``, ``first`` or ``last``.
    """

    _esm = front_end("telling", "page")
    page_tells = (*PageWidget.page_tells, "webgl", "dark", "on_screen")
    webgl = traitlets.Unicode("")
    dark = traitlets.Bool(False)
    on_screen = traitlets.Bool(False)

    async def answer(self, patience: float) -> None:
        """Wait until a page has said whether it has WebGL, but not for long."""
        said = asyncio.Event()

        def tell(_change: object) -> None:
            said.set()

        self.observe(tell, "webgl")
        try:
            if not self.webgl:
                async with asyncio.timeout(patience):
                    await said.wait()
        except TimeoutError:
            pass
        finally:
            self.unobserve(tell, "webgl")
