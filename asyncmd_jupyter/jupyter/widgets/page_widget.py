"""Widgets that are told by their page what it is like."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

HERE = Path(__file__).parent


def front_end(*names: str) -> str:
    """Scripts of this folder as one: a front-end module can't import its neighbours."""
    return "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in names)


class LeavesCellsAlone(traitlets.HasTraits):
    """A widget that takes messages without IPython's events for the end of a cell.

    A page's message may come while a cell awaits something or, from a subshell, while it
    computes. At these events matplotlib shows and closes the figures that the cell has not
    shown yet, as an answer to the message: the cell would lose them.
    """

    @traitlets.observe("comm")
    def _take_messages_directly(self, change: Any) -> None:
        if change["new"] is not None:
            change["new"].handle_msg = self._handle_msg  # type: ignore[attr-defined] # of Widget


class PageWidget(LeavesCellsAlone, anywidget.AnyWidget):
    """A widget whose page tells what it is like, in messages ``{"page": {name: value}}``.

    A page that changes a synchronised trait sends nothing more of that model until the
    kernel has said that it is idle again. ipykernel 7.4 loses that word now and then for
    the first message to a new subshell, and the model would be deaf for ever. Messages
    of our own wait for nothing.
    """

    page_tells: ClassVar[tuple[str, ...]] = ("in_page", "is_kept")
    in_page = traitlets.Bool(False)
    is_kept = traitlets.Bool(False)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._on_page_message)

    def _on_page_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        told = content.get("page") if isinstance(content, dict) else None
        if not isinstance(told, dict):
            return
        # One by one: this may be another thread than the one that draws, whose changes would
        # be held back, and lost where they come in the moment in which holding back ends.
        for name in self.page_tells:
            if name in told:
                self.set_trait(name, told[name])
