"""A genealogy as a drawing: a line for each simulation, coloured by run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from asyncmd_jupyter.jupyter.widgets.history_layout import Layout, Mark, Strand

# Each can be seen on white and on black.
COLOURS = (
    "#1f83c9",
    "#d1542f",
    "#2a9187",
    "#d6407f",
    "#8a6fc4",
    "#5b9440",
    "#a87f1e",
    "#858585",
)
_INK = "var(--jp-ui-font-color1, currentColor)"
_FAINT = "var(--jp-ui-font-color2, currentColor)"
_PAPER = "var(--jp-layout-color0, transparent)"
_WIDTH, _MARGIN, _AXIS = 960, 20, 40
_LEGEND_LINE, _MOST_NAMED = 20, 24
_LETTER = 6.2
_HEIGHTS = ((16, 24.0), (40, 16.0), (90, 10.0), (160, 7.0))
_LEAST_HEIGHT = 5.0
_SHORTEST = 5.0
_SEAM = 1.5
_BEYOND = 0.3  # opacity of what does not count
_LONGEST_BRIDGE = 24.0


@dataclass(frozen=True)
class _Frame:
    """From ps and rows to pixels."""

    layout: Layout
    top: float
    row_height: float
    scale: float
    bridge: float
    begins: dict[str, float] = field(default_factory=dict)

    def x(self, time: float) -> float:
        return _MARGIN + time * self.scale

    def y(self, row: int) -> float:
        return self.top + (row + 0.5) * self.row_height

    @property
    def bottom(self) -> float:
        return self.top + self.layout.n_rows * self.row_height


def draw(layout: Layout, title: str, description: str) -> str:
    """The drawing as SVG; its colours of text are those of the page."""
    legend = _legend(layout)
    frame = _frame(layout, top=10 + _LEGEND_LINE * len(legend))
    name = hashlib.blake2b((title + description).encode(), digest_size=4).hexdigest()
    height = frame.bottom + _AXIS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" style="max-width:100%;height:auto" role="img" '
        f'aria-labelledby="h{name}t h{name}d" font-family="sans-serif" font-size="11">',
        f'<title id="h{name}t">{escape(title)}</title>',
        f'<desc id="h{name}d">{escape(description)}</desc>',
        *(text for number, line in enumerate(legend) for text in _legend_line(line, number)),
        *_axis(frame),
        *(text for strand in layout.strands for text in _bridge(frame, strand)),
        *(text for strand in layout.strands for text in _line(frame, strand)),
        *(_mark(frame, mark) for mark in layout.marks),
        "</svg>",
    ]
    return "\n".join(parts)


def colour_of(layout: Layout, run: str) -> str:
    """Colour of a run."""
    return COLOURS[layout.runs[run] % len(COLOURS)]


def _frame(layout: Layout, top: float) -> _Frame:
    height = next((size for most, size in _HEIGHTS if layout.n_rows <= most), _LEAST_HEIGHT)
    scale = (_WIDTH - 2 * _MARGIN) / layout.duration if layout.duration else 0.0
    lengths = sorted(strand.end - strand.begin for strand in layout.strands)
    usual = lengths[len(lengths) // 2] * scale if lengths else 0.0
    frame = _Frame(layout, top, height, scale, min(_LONGEST_BRIDGE, usual * 0.4))
    for strand in layout.strands:  # parents first
        frame.begins[strand.key] = _drawn_from(frame, strand)
    return frame


def _drawn_from(frame: _Frame, strand: Strand) -> float:
    """Where a line begins: behind the bridge to it, which has to be seen."""
    begin, end = frame.x(strand.begin), frame.x(strand.end)
    if strand.parent is None:
        return begin
    if strand.parent.row == strand.row:
        return begin + _SEAM
    return max(begin, min(_leaves(frame, strand) + frame.bridge, (begin + end) / 2))


def _leaves(frame: _Frame, strand: Strand) -> float:
    """Where the bridge leaves the line of the parent."""
    parent = strand.parent
    begin = frame.x(strand.branch)
    return begin if parent is None else max(begin, frame.begins[parent.key])


def _bridge(frame: _Frame, strand: Strand) -> Iterator[str]:
    """From where a simulation branches off to its own row."""
    if strand.parent is None or strand.parent.row == strand.row:
        return
    from_y, to_y = frame.y(strand.parent.row), frame.y(strand.row)
    x, end = _leaves(frame, strand), frame.begins[strand.key]
    middle = (x + end) / 2
    yield (
        f'<path d="M{x:.1f} {from_y:.1f}C{middle:.1f} {from_y:.1f} {middle:.1f} {to_y:.1f} '
        f'{end:.1f} {to_y:.1f}" fill="none" stroke="{colour_of(frame.layout, strand.run)}" '
        'stroke-width="1" opacity="0.55"/>'
    )


def _line(frame: _Frame, strand: Strand) -> Iterator[str]:
    colour, y = colour_of(frame.layout, strand.run), frame.y(strand.row)
    begin = frame.begins[strand.key]
    end = max(frame.x(strand.end), begin + _SHORTEST)
    width = min(3.0, frame.row_height * 0.5)
    yield f"<g><title>{escape(_told(strand))}</title>"
    counted = end if strand.counted is None else max(frame.x(strand.counted), begin)
    look = f'stroke="{colour}" stroke-width="{width:g}"'
    yield f'<line x1="{begin:.1f}" y1="{y:.1f}" x2="{counted:.1f}" y2="{y:.1f}" {look}/>'
    if counted < end:
        span = f'x1="{counted:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}"'
        yield f'<line {span} {look} opacity="{_BEYOND}"/>'
    if strand.lacks_its_start:
        yield _sign("cross", begin, y, min(4.0, frame.row_height * 0.4), _INK)
    yield from _part_ends(frame, strand, colour, y)
    if frame.row_height >= 16 and len(strand.label) * _LETTER <= end - begin - 4:
        yield (
            f'<text x="{begin + 4:.1f}" y="{y - 5.5:.1f}" font-size="10" '
            f'style="fill:{_INK};stroke:{_PAPER};stroke-width:2;paint-order:stroke">'
            f"{escape(strand.label)}</text>"
        )
    yield "</g>"


def _part_ends(frame: _Frame, strand: Strand, colour: str, y: float) -> Iterator[str]:
    if frame.row_height < 10 or len(strand.nodes) > 50:
        return
    for node in strand.nodes[:-1]:
        x = frame.x(strand.at(node, node.last_time))
        yield (
            f'<line x1="{x:.1f}" y1="{y - 3:.1f}" x2="{x:.1f}" y2="{y + 3:.1f}" stroke="{colour}"/>'
        )


def _mark(frame: _Frame, mark: Mark) -> str:
    x, y = frame.x(mark.place), frame.y(mark.strand.row)
    colour = colour_of(frame.layout, mark.strand.run)
    size = max(2.0, min(3.5, frame.row_height * 0.35))
    told = escape(f"{mark.node.path.name}: {mark.node.words}")
    return _sign(_kind(mark), x, y, size, colour, f"<title>{told}</title>")


def _kind(mark: Mark) -> str:
    return "circle" if mark.node.n_frames == 1 else "diamond"


def _sign(kind: str, x: float, y: float, size: float, colour: str, inside: str = "") -> str:
    """One frame is a circle, several are a diamond, and a cross stands for what is missing."""
    if kind == "faint":
        line = f'x1="{x - 7:.1f}" y1="{y:.1f}" x2="{x + 7:.1f}" y2="{y:.1f}"'
        return f'<line {line} style="stroke:{colour}" stroke-width="3" opacity="{_BEYOND}"/>'
    if kind == "circle":
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size - 0.5:g}" '
            f'style="fill:{_PAPER};stroke:{colour}">{inside}</circle>'
        )
    if kind == "diamond":
        lines = f"M{x - size:.1f} {y:.1f}l{size:g} {-size:g} {size:g} {size:g} {-size:g} {size:g}z"
        return f'<path d="{lines}" style="fill:{_PAPER};stroke:{colour}">{inside}</path>'
    lines = f"M{x - size:.1f} {y - size:.1f}l{2 * size:g} {2 * size:g}"
    lines += f"m0 {-2 * size:g}l{-2 * size:g} {2 * size:g}"
    return f'<path d="{lines}" style="fill:none;stroke:{colour}">{inside}</path>'


def _told(strand: Strand) -> str:
    count = len(strand.nodes)
    first, last = strand.nodes[0], strand.nodes[-1]
    told = [strand.label, f"{count} part{'s' * (count > 1)}"]
    if first.first_time is not None and last.last_time is not None:
        beyond = strand.beyond
        told.append(f"{first.first_time:g} to {last.last_time - beyond:g} ps")
        if beyond:
            told.append(f"{beyond:g} ps more after the deciding frame")
    if strand.parent is not None:
        told.append(f"from {strand.parent.label}")
    if strand.lacks_its_start and strand.root is not None:
        told.append(f"from {strand.root.path.name}, which is missing")
    return ", ".join([*told, *([first.changes] if first.changes else [])])


def _axis(frame: _Frame) -> Iterator[str]:
    y, duration = frame.bottom + 4, frame.layout.duration
    if not duration:
        return
    factor, unit = (0.001, "ns") if duration >= 10_000 else (1.0, "ps")
    yield (
        f'<line x1="{_MARGIN}" y1="{y:.1f}" x2="{_WIDTH - _MARGIN}" y2="{y:.1f}" '
        f'style="stroke:{_FAINT}"/>'
    )
    for time in ticks(duration):
        x = frame.x(time)
        yield (
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{y + 4:.1f}" '
            f'style="stroke:{_FAINT}"/>'
            f'<text x="{x:.1f}" y="{y + 15:.1f}" text-anchor="middle" style="fill:{_FAINT}">'
            f"{time * factor:g}</text>"
        )
    yield (
        f'<text x="{_WIDTH / 2}" y="{y + 30:.1f}" text-anchor="middle" style="fill:{_INK}">'
        f"{unit} since the first frame</text>"
    )


def ticks(duration: float) -> list[float]:
    """Round numbers from 0 to `duration`, five to eleven of them."""
    rough = duration / 10
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * 0.999)
    return [round(step * number, 12) for number in range(int(duration / step + 1e-6) + 1)]


@dataclass(frozen=True)
class _Entry:
    """A line of a run's colour, or a sign, and what it stands for."""

    text: str
    colour: str = ""
    sign: str = ""

    @property
    def width(self) -> float:
        return 34 + _LETTER * len(_short(self.text))


def _legend(layout: Layout) -> list[list[_Entry]]:
    """Names with colours, and signs, in lines that fit."""
    runs = list(layout.runs)
    named = [_Entry(run or "without a name", colour_of(layout, run)) for run in runs[:_MOST_NAMED]]
    if len(runs) > _MOST_NAMED:
        named.append(_Entry(f"and {len(runs) - _MOST_NAMED} more runs"))
    lines: list[list[_Entry]] = [[]]
    used = 0.0
    for entry in [*named, *_signs(layout)]:
        if used + entry.width > _WIDTH - 2 * _MARGIN and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += entry.width
    return lines


def _signs(layout: Layout) -> list[_Entry]:
    """Those that are in the drawing."""
    there = {_kind(mark) for mark in layout.marks}
    if any(strand.lacks_its_start for strand in layout.strands):
        there.add("cross")
    if any(strand.beyond for strand in layout.strands):
        there.add("faint")
    return [_Entry(text, sign=sign) for sign, text in _SIGNS.items() if sign in there]


_SIGNS = {
    "circle": "a frame that was taken out",
    "diamond": "frames that were taken out or joined",
    "cross": "what it began with is missing",
    "faint": "after the deciding frame: not counted",
}


def _legend_line(entries: Sequence[_Entry], number: int) -> Iterator[str]:
    x, y = float(_MARGIN), 18 + number * _LEGEND_LINE
    for entry in entries:
        if entry.colour:
            yield (
                f'<line x1="{x:.1f}" y1="{y - 4}" x2="{x + 14:.1f}" y2="{y - 4}" '
                f'stroke="{entry.colour}" stroke-width="3"/>'
            )
        if entry.sign:
            yield _sign(entry.sign, x + 10, y - 4, 3.5, _INK)
        told = escape(_short(entry.text))
        yield f'<text x="{x + 19:.1f}" y="{y}" style="fill:{_INK}">{told}</text>'
        x += entry.width


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
