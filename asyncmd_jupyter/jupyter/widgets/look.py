"""Colours and sizes of drawings. All colours are told apart by the colour-blind."""

from __future__ import annotations

from dataclasses import dataclass, replace

WALKER_COLOURS = ("#0077BB", "#CC3311", "#33BBEE", "#EE3377", "#8C6BB1", "#4D8F3B", "#888888")
WALKER_COLOURS_DARK = (
    "#4DA6E8",
    "#F0705A",
    "#7FD6F5",
    "#FF77A8",
    "#B79BDB",
    "#8CCB78",
    "#BDBDBD",
)
Dashes = str | tuple[int, tuple[float, ...]]
WALKER_DASHES: tuple[Dashes, ...] = ("-", (0, (4.0, 1.6)), (0, (1.2, 1.4)))
CONDITION_COLOURS = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


@dataclass(frozen=True)
class Look:
    """How a drawing is to look.

    Attributes
    ----------
    width : int
        In CSS pixels.
    ratio : float
        Image pixels for each CSS pixel.
    dark : bool
        Whether it lies on a dark page.
    background : str
        A colour, or ``none`` to let the page shine through.
    colours : int
        Of the image: fewer make it smaller.
    line_points : int
        At most so many points for all lines of a panel; 0 for as many as can be seen.
    """

    width: int = 720
    ratio: float = 2.0
    dark: bool = False
    background: str = "none"
    colours: int = 128
    line_points: int = 0

    @property
    def passing(self) -> Look:
        """For an image that the next one soon replaces: coarser, so smaller and sooner there."""
        ratio = min(self.ratio, 1.5, max(1.0, 900 / self.width))
        return replace(self, ratio=ratio, colours=64)

    def columns_for(self, n_lines: int, columns: int) -> int:
        """Return how many of the columns of a drawing a line may tell apart."""
        if not self.line_points:
            return columns
        return max(40, min(columns, self.line_points // (6 * n_lines)))

    @property
    def ink(self) -> str:
        """Colour of text."""
        return "#e6e6e6" if self.dark else "#212121"

    @property
    def faint(self) -> str:
        """Colour of axes and of what matters less."""
        return "#9e9e9e" if self.dark else "#757575"

    @property
    def line(self) -> str:
        """Colour of the only walker's line."""
        return "#cfd8dc" if self.dark else "#37474f"

    @property
    def track(self) -> str:
        """Colour of the ground on which a strip is drawn."""
        return "#808080"

    @property
    def band_opacity(self) -> float:
        """Opacity of the interval of a condition."""
        return 0.3 if self.dark else 0.22


def walker_colour(index: int, n_walkers: int, look: Look) -> str:
    """Colour of a walker's line."""
    colours = WALKER_COLOURS_DARK if look.dark else WALKER_COLOURS
    return look.line if n_walkers == 1 else colours[index % len(colours)]


def walker_dashes(index: int) -> Dashes:
    """Dashes of a walker's line: where colours are used again, these tell lines apart."""
    return WALKER_DASHES[index // len(WALKER_COLOURS) % len(WALKER_DASHES)]


def condition_colour(index: int) -> str:
    """Colour of a condition's bands and strips."""
    return CONDITION_COLOURS[index % len(CONDITION_COLOURS)]


def lone_colour(look: Look) -> str:
    """Colour of dots that have to be seen on a surface of many colours."""
    return "#FF77A8" if look.dark else "#CC3311"
