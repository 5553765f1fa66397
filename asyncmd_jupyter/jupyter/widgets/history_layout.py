"""Where the simulations of a genealogy are drawn: time to the right, no two on one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from asyncmd_jupyter.sampling.genealogy import MISSING, Edge, Genealogy, Node

_FARTHEST = 10_000  # records that name each other in a circle end somewhere


@dataclass
class Strand:
    """One simulation: its parts, drawn as one line.

    Attributes
    ----------
    key : str
    nodes : list of Node
        Its parts.
    begin, end : float
        ps since the beginning of the first ancestor.
    parent : Strand, optional
        The one it branches off.
    branch : float
        Where that is, in the parent.
    row : int
        From the top.
    root : Node, optional
        What it begins with, where that belongs to no simulation.
    counted : float, optional
        Where the frame lies that decided, if there are frames behind it.
    """

    key: str
    nodes: list[Node]
    begin: float = 0.0
    end: float = 0.0
    parent: Strand | None = None
    branch: float = 0.0
    row: int = 0
    root: Node | None = None
    counted: float | None = None

    @property
    def beyond(self) -> float:
        """Ps that were computed behind the frame that decided, and do not count."""
        return 0.0 if self.counted is None else self.end - self.counted

    @property
    def label(self) -> str:
        """Run and walker."""
        return self.nodes[0].label

    @property
    def run(self) -> str:
        """Name of the run, else of the simulation."""
        return self.nodes[0].run

    @property
    def lacks_its_start(self) -> bool:
        """Whether what it began with is gone."""
        return self.root is not None and self.root.kind == MISSING

    def at(self, node: Node, time: float | None) -> float:
        """Where a time of one of its parts lies; its end if unknown."""
        first = self.nodes[0].first_time
        if time is None or first is None:
            return self.end
        return min(max(self.begin + time - first, self.begin), self.end)


@dataclass(frozen=True)
class Mark:
    """Something that was made of a simulation and that no simulation began with."""

    node: Node
    strand: Strand
    place: float


@dataclass(frozen=True)
class Layout:
    """All that is drawn.

    Attributes
    ----------
    strands : list of Strand
    marks : list of Mark
    n_rows : int
    """

    strands: list[Strand] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    n_rows: int = 0

    @cached_property
    def duration(self) -> float:
        """The latest end, in ps."""
        return max((strand.end for strand in self.strands), default=0.0)

    @cached_property
    def runs(self) -> dict[str, int]:
        """Names of the runs with their numbers, in the order in which they are met."""
        names = dict.fromkeys(strand.run for strand in self.strands)
        return {name: number for number, name in enumerate(names)}


def lay_out(family: Genealogy) -> Layout:
    """Find a place for everything."""
    by_key = _strands(family)
    _find_results(family, by_key)
    # Those that begin together stay in order: parents before children.
    strands = sorted(by_key.values(), key=lambda strand: strand.begin)
    longest = max((strand.end for strand in strands), default=0.0)
    n_rows = _give_rows(strands, gap=longest * 1e-6)
    return Layout(strands, list(_marks(family, by_key)), n_rows)


def _strands(family: Genealogy) -> dict[str, Strand]:
    """All simulations; those they come from are placed before them."""
    found: dict[str, Strand] = {}
    for node in family.nodes:
        if not node.simulation:
            continue
        if node.simulation not in found:
            found[node.simulation] = strand = Strand(node.simulation, [node])
            _begin(strand, family, found)
        else:
            strand = found[node.simulation]
            strand.nodes.append(node)
        first, last = strand.nodes[0].first_time, node.last_time
        if first is not None and last is not None:
            strand.end = max(strand.end, strand.begin + last - first)
    return found


def _find_results(family: Genealogy, strands: Mapping[str, Strand]) -> None:
    """A run joins the parts of a simulation up to what counts, in a file that is called so."""
    for node in family.nodes:
        strand = strands.get(str(node.path.with_suffix("")))
        edges = family.above.get(node.id, [])
        if strand is None or node.simulation or not edges:
            continue
        last = family.by_id[edges[-1].parent]
        if last.simulation == strand.key and edges[-1].taken.last_time is not None:
            counted = strand.at(last, edges[-1].taken.last_time)
            strand.counted = counted if counted < strand.end else None


def _begin(strand: Strand, family: Genealogy, found: Mapping[str, Strand]) -> None:
    edges = family.above.get(strand.nodes[0].id, [])
    if not edges:
        return
    node, time = _origin(family, edges[0])
    parent = found.get(node.simulation)
    if parent is None:
        strand.root = node
        return
    strand.parent, strand.branch = parent, parent.at(node, time)
    strand.begin = strand.end = strand.branch


def _origin(family: Genealogy, edge: Edge) -> tuple[Node, float | None]:
    """The part that a frame was computed in, through all that was made of it since."""
    frame, time = edge.taken.frame, edge.taken.time
    for _ in range(_FARTHEST):
        node = family.by_id[edge.parent]
        above = family.above.get(node.id, [])
        if node.simulation or not above:
            return node, time
        edge, frame, time = _piece(above, frame)
    return family.by_id[edge.parent], time


def _piece(edges: list[Edge], frame: int | None) -> tuple[Edge, int | None, float | None]:
    """From which of several parents a frame is, and which frame of that at what time."""
    left = frame or 0
    for edge in edges:
        if left < edge.taken.n_frames:
            return edge, _number(edge, left), _time(edge, left)
        left -= edge.taken.n_frames
    return edges[-1], edges[-1].taken.last_frame, edges[-1].taken.last_time


def _number(edge: Edge, offset: int) -> int | None:
    first, last, count = edge.taken.frame, edge.taken.last_frame, edge.taken.n_frames
    if first is None or last is None or count < 2:
        return first
    return round(first + (last - first) * offset / (count - 1))


def _time(edge: Edge, offset: int) -> float | None:
    first, last, count = edge.taken.time, edge.taken.last_time, edge.taken.n_frames
    if first is None or last is None or count < 2:
        return first
    return first + (last - first) * offset / (count - 1)


def _give_rows(strands: Iterable[Strand], gap: float) -> int:
    """Put each into a row that is free, if possible that of its parent or one near it."""
    free_from: list[float] = []
    for strand in strands:
        wished = strand.parent.row if strand.parent else len(free_from)
        rows = [row for row, free in enumerate(free_from) if free <= strand.begin + gap]
        if not rows:
            rows = [len(free_from)]
            free_from.append(0.0)
        strand.row = min(rows, key=lambda row: (abs(row - wished), row))
        # Also one without length takes its place up.
        free_from[strand.row] = max(strand.end, strand.begin + 2 * gap)
    return len(free_from)


def _marks(family: Genealogy, strands: Mapping[str, Strand]) -> Iterable[Mark]:
    for node in family.nodes:
        edges = family.above.get(node.id, [])
        if node.simulation or not edges or family.below.get(node.id):
            continue
        last = edges[-1]
        above, time = family.by_id[last.parent], last.taken.last_time
        if not above.simulation:
            above, time = _origin(family, last)
        strand = strands.get(above.simulation)
        if strand is not None:
            yield Mark(node, strand, strand.at(above, time))
