"""What a view leaves in the saved notebook."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from typing import Any

from asyncmd_jupyter.jupyter.display import publish
from asyncmd_jupyter.names import escaped

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
# The labextension shows what has this: it keeps the last state on the page without a kernel.
VIEW_MIME = "application/vnd.asyncmd.view+json"
Bundle = dict[str, Any]


class Shown(ABC):
    """Something with an output of its own, which keeps its newest state as text and HTML.

    A page shows the widget. Programs that execute notebooks have none, and what they save
    would point to a widget that is gone; for them the still picture is all there is.

    Attributes
    ----------
    recipe : dict
        Tells `reviving` how another kernel makes this view anew; JSON. Empty if none can.
    attaches : bool
        Whether a page that shows it brings back its views that have lost their kernel.
    """

    def __init__(self) -> None:
        self.recipe: dict[str, Any] = {}
        self.attaches = False
        self._display_id: str | None = None
        self._lacks_widget = False
        self.is_new = False
        self.is_saved = False
        self.saved_elsewhere = False

    @property
    @abstractmethod
    def widget(self) -> Any:
        """The ipywidget that is shown."""

    @abstractmethod
    def text(self) -> str:
        """Return the last state as plain text."""

    @abstractmethod
    def html(self) -> str:
        """Return the last state as HTML without scripts."""

    def is_final(self) -> bool:
        """Whether nothing will change any more, so that following may end."""
        return False

    @property
    def has_page(self) -> bool:
        """Whether a page has the widget, on the screen or not."""
        return bool(getattr(self.widget, "in_page", True))

    @property
    def is_kept_by_page(self) -> bool:
        """Whether the page leaves a widget alone when its saved state is renewed."""
        return bool(getattr(self.widget, "is_kept", False))

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn all of it and can let go of it."""
        return False

    def show(self) -> None:
        """Display it here; the saved notebook gets its final state in the end."""
        self._display_id = f"asyncmd-{uuid.uuid4().hex}"
        self.is_new = True
        publish(self._bundle(), self._display_id)

    def save(self) -> None:
        """Replace what the notebook would save of it by its state now."""
        if self._display_id is None:
            return
        # A page that gets a widget in place of a widget keeps the old one too, out of sight,
        # but to take away one that is just being drawn is an error there.
        if (self.is_settled and not self.is_kept_by_page) or not self.has_page:
            publish(self._still(), self._display_id, update=True)
        self._lacks_widget = not self.has_page
        if self.has_page:
            publish(self._bundle(), self._display_id, update=True)

    def page_came(self) -> None:
        """Show the widget, if what was saved before there was a page lacks it."""
        if self._lacks_widget:
            self.save()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        return self._bundle()

    def _still(self) -> Bundle:
        still = {"text/plain": escaped(self.text(), lines=True), "text/html": self.html()}
        if not self.recipe:
            return still
        attaches = {"attaches": True} if self.attaches else {}
        return still | {VIEW_MIME: self.recipe | attaches}

    def _bundle(self) -> Bundle:
        model = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return {**self._still(), WIDGET_MIME: model}
