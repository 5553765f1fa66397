"""What is said about a failure, as text and as HTML without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from asyncmd_jupyter.names import escaped

WAITING = "queue-"
_NO_FAILURE = ("node-", "limit-time", "limit-notice", "run-limit")
_INDENT = "    "
_BOX = (
    "border-left:3px solid {colour};padding:2px 0 2px 12px;margin:4px 0;line-height:1.5;"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "font-size:var(--jp-ui-font-size1,13px);color:var(--jp-ui-font-color1,inherit)"
)
_LOG = (
    "margin:4px 0;padding:4px 8px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:var(--jp-layout-color2,rgba(128,128,128,0.12));border:0;"
    "font-family:var(--jp-code-font-family,monospace);"
    "font-size:var(--jp-code-font-size,12px);color:var(--jp-ui-font-color1,inherit)"
)
_FAINT = "color:var(--jp-ui-font-color2,#616161)"


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Why something failed or waits, and what can be done.

    Attributes
    ----------
    kind : str
        Name of the pattern, such as ``gromacs-lincs``; ``unknown`` if none fits.
    title : str
        A few words.
    lines : tuple of str
        The deciding lines as they stand in the file, with some around them.
    file : str
        In which they stand; empty if they stand in none.
    meaning : str
        One sentence.
    remedies : tuple of str
        What can be done, the best first.
    policy : str
        What the library does by itself.
    """

    kind: str
    title: str
    lines: tuple[str, ...] = ()
    file: str = ""
    meaning: str = ""
    remedies: tuple[str, ...] = ()
    policy: str = ""

    @property
    def sentence(self) -> str:
        """Title and meaning in one line."""
        return f"{self.title}: {self.meaning}"

    def text(self) -> str:
        """All of it for a terminal."""
        parts = [self.title, self.meaning]
        if self.lines:
            parts += [f"{self.file or 'It said'}:", *(f"{_INDENT}{line}" for line in self.lines)]
        if self.remedies:
            parts += ["What can be done:", *(f"  - {remedy}" for remedy in self.remedies)]
        if self.policy:
            parts.append(f"What happens by itself: {self.policy}")
        return escaped("\n".join(parts), lines=True)

    def html(self) -> str:
        """All of it for a notebook, in the colours of the page's theme."""
        parts = [
            f'<div style="color:{self._colour};font-weight:600">{escape(self.title)}</div>',
            f"<div>{escape(self.meaning)}</div>",
            self._log(),
        ]
        if self.remedies:
            items = "".join(f"<li>{escape(remedy)}</li>" for remedy in self.remedies)
            parts.append(f'<ul style="margin:4px 0;padding-left:1.4em">{items}</ul>')
        if self.policy:
            label = '<span style="font-weight:600">What happens by itself:</span>'
            parts.append(f'<div style="{_FAINT}">{label} {escape(self.policy)}</div>')
        return f'<div style="{_BOX.format(colour=self._colour)}">{"".join(parts)}</div>'

    def _log(self) -> str:
        if not self.lines:
            return ""
        said = escape("\n".join(self.lines))
        file = f'<div style="{_FAINT}">{escape(self.file)}</div>' if self.file else ""
        return f'{file}<pre style="{_LOG}">{said}</pre>'

    @property
    def _colour(self) -> str:
        if self.kind.startswith(WAITING):
            return "var(--jp-info-color1,#0277bd)"
        if self.kind.startswith(_NO_FAILURE):
            return "var(--jp-warn-color1,#e65100)"
        return "var(--jp-error-color1,#d32f2f)"

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()
