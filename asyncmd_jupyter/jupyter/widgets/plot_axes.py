"""Where the axes of a drawing lie: what a page needs to draw over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.jupyter.widgets.panels import Span


@dataclass(frozen=True)
class PlotAxes:
    """Axes in a drawing, in CSS pixels from its top left corner.

    Attributes
    ----------
    name, unit : str
        Of the values along y.
    left, top, width, height : float
    x, y : (float, float)
        What is at the left and right, and at the bottom and top.
    period : float or None
        After which the values along y repeat.
    x_name, x_unit : str
        Of what is along x.
    x_period : float or None
    """

    name: str
    unit: str
    left: float
    top: float
    width: float
    height: float
    x: Span
    y: Span
    period: float | None = None
    x_name: str = "time"
    x_unit: str = "ps"
    x_period: float | None = None

    def shown(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Bring angles to where they are drawn."""
        return inside(x, self.x, self.x_period), inside(y, self.y, self.period)

    def place_of(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return where numbers or arrays of them are drawn."""
        x, y = self.shown(x, y)
        across = (x - self.x[0]) * (self.width / (self.x[1] - self.x[0]))
        up = (y - self.y[0]) * (self.height / (self.y[1] - self.y[0]))
        return self.left + across, self.top + self.height - up

    def values_at(self, left: float, top: float) -> tuple[float, float]:
        """Return what is at a point."""
        x = self.x[0] + (left - self.left) * (self.x[1] - self.x[0]) / self.width
        up = self.top + self.height - top
        return x, self.y[0] + up * (self.y[1] - self.y[0]) / self.height

    def holds(self, left: float, top: float, room: float = 0.0) -> bool:
        """Whether a point lies in it, or nearly."""
        across, down = left - self.left, top - self.top
        return -room <= across <= self.width + room and -room <= down <= self.height + room

    def as_json(self) -> dict[str, Any]:
        """What a page has to know of it."""
        box = [round(one, 2) for one in (self.left, self.top, self.width, self.height)]
        said = {"name": self.name, "unit": self.unit, "box": box, "x": self.x, "y": self.y}
        return {**said, "period": self.period}


def inside(values: Any, span: Span, period: float | None) -> Any:
    """Bring the values of an angle to where they are drawn."""
    if period is None:
        return values
    # A zoomed range is less than a turn: what is not in it stays outside, on the nearer side.
    middle = (span[0] + span[1]) / 2
    return (values - middle + period / 2) % period + middle - period / 2
