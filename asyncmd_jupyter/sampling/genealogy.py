"""Who comes from whom: the genealogy of a campaign, as the records beside its files tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.provenance_parents import Parent
from asyncmd_jupyter.frames.provenance_words import made_in_words, parameters_in_words
from asyncmd_jupyter.sampling.genealogy_records import Archive, Found, records_of

MISSING, PLAIN = "missing", "file"


@dataclass(frozen=True)
class Node:
    """A file of frames, or one that is missing.

    Attributes
    ----------
    id : str
        Of its record, else its path.
    path : Path
        Where it is, or was when it was last seen.
    kind : str
        What made it, as `Provenance.made_by` says; ``file`` without a record, ``missing``.
    simulation : str
        Of parts: folder and names of the simulation that they belong to.
    run, walker : str
        May be empty.
    n_frames : int or None
    first_time, last_time : float or None
        In ps, as the file says.
    words : str
        What made it, in words.
    changes : str
        Parameters that differ from the parent's.
    note : str
        ``removed`` or ``replaced`` where the file is no longer what the record says.
    """

    id: str
    path: Path
    kind: str
    simulation: str = ""
    run: str = ""
    walker: str = ""
    n_frames: int | None = None
    first_time: float | None = None
    last_time: float | None = None
    words: str = ""
    changes: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """Run and walker, as far as it belongs to any."""
        return f"{self.run}_{self.walker}" if self.walker else self.run


@dataclass(frozen=True)
class Edge:
    """From where in a parent something goes on.

    Attributes
    ----------
    parent, child : str
        Ids of nodes.
    taken : Parent
        Which frames of the parent.
    """

    parent: str
    child: str
    taken: Parent


@dataclass(frozen=True, repr=False)
class Genealogy:
    """Files of frames and where each comes from.

    Attributes
    ----------
    nodes : tuple of Node
        Parents before children.
    edges : tuple of Edge
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def above(self) -> Mapping[str, list[Edge]]:
        """Edges to the parents of each node."""
        return _grouped(self.edges, lambda edge: edge.child)

    @cached_property
    def below(self) -> Mapping[str, list[Edge]]:
        """Edges to the children of each node."""
        return _grouped(self.edges, lambda edge: edge.parent)

    @cached_property
    def generations(self) -> Mapping[str, int]:
        """How many steps each node is from the farthest root."""
        found: dict[str, int] = {}
        for node in self.nodes:
            before = [found.get(edge.parent, 0) + 1 for edge in self.above.get(node.id, ())]
            found[node.id] = max(before, default=0)
        return found

    @property
    def roots(self) -> list[Node]:
        """Nodes that come from nothing that is known."""
        return [node for node in self.nodes if node.id not in self.above]

    def goes_on(self, edge: Edge) -> bool:
        """Whether the child is the next part of the same simulation."""
        parent, child = self.by_id[edge.parent], self.by_id[edge.child]
        return bool(child.simulation) and parent.simulation == child.simulation

    def text(self) -> str:
        """Draw the tree with lines of text."""
        from asyncmd_jupyter.sampling.genealogy_text import tree

        return tree(self)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return self.text()


def genealogy(items: Any) -> Genealogy:
    """Find what trajectories come from and what was made of them.

    Follows the records up to the first parents, and down as far as the folders concerned
    know. Reads files: call it in a thread where that matters.

    Parameters
    ----------
    items : Trajectory, run, path of a folder or file, or list of these
        Of a folder, and of a run, everything in it is shown.

    Raises
    ------
    TypeError
        For anything else.
    FileNotFoundError
        For a path that does not exist.
    """
    archive = Archive()
    begin = records_of(_as_list(items), archive)
    family = _upwards(_downwards(begin, archive), archive)
    builder = _Builder(archive)
    for found in family:
        builder.add(found)
    return builder.genealogy()


def _as_list(items: Any) -> list[Any]:
    single = isinstance(items, str | Path) or not isinstance(items, Iterable)
    return [items] if single or hasattr(items, "paths") or hasattr(items, "workdir") else [*items]


def _downwards(begin: list[Found], archive: Archive) -> list[Found]:
    known = {found.id: found for found in begin}
    waiting = list(begin)
    while waiting:
        for child in archive.below(waiting.pop()):
            if child.id not in known:
                known[child.id] = child
                waiting.append(child)
    return list(known.values())


def _upwards(begin: list[Found], archive: Archive) -> list[Found]:
    known = {found.id: found for found in begin}
    waiting = list(begin)
    while waiting:
        found = waiting.pop()
        for parent in found.parents:
            above = archive.parent(parent, found.path.parent)
            if isinstance(above, Found) and above.id not in known:
                known[above.id] = above
                waiting.append(above)
    return list(known.values())


@dataclass
class _Builder:
    archive: Archive
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.nodes[found.id] = node_of(found)
        for parent in found.parents:
            above = self._parent(parent, found.path.parent)
            self.edges.append(Edge(above, found.id, parent))

    def _parent(self, parent: Parent, folder: Path) -> str:
        found = self.archive.parent(parent, folder)
        if isinstance(found, Found):
            return found.id
        path = found or parent.places(folder)[0]
        name = parent.id or str(path)
        kind = MISSING if found is None else PLAIN
        self.nodes.setdefault(name, Node(name, path, kind))
        return name

    def genealogy(self) -> Genealogy:
        return Genealogy(tuple(_in_order(self.nodes, self.edges)), tuple(self.edges))


def node_of(found: Found) -> Node:
    """What is known of a file with a record."""
    content = found.content
    made, frames = content.get("made", {}), content.get("frames", {})
    tags, section = content.get("tags", {}), content.get("parameters", {})
    is_part = made.get("by") == "part"
    deffnm = str(made.get("deffnm", "")) if is_part else ""
    return Node(
        id=found.id,
        path=found.path,
        kind=str(made.get("by", PLAIN)),
        simulation=str(found.path.parent / deffnm) if is_part else "",
        run=str(tags.get("run") or deffnm),
        walker=str(tags.get("walker", "")),
        n_frames=_number(frames.get("count")),
        first_time=_number(frames.get("first_time")),
        last_time=_number(frames.get("last_time")),
        words=made_in_words(content),
        changes="" if section.get("full") else parameters_in_words(section),
        note=found.note(),
    )


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) else None


def _in_order(nodes: Mapping[str, Node], edges: list[Edge]) -> list[Node]:
    """Parents first, else by path; what goes round in a circle comes last."""
    above = {name: {e.parent for e in group} for name, group in _by_child(edges).items()}
    below = _grouped(edges, lambda edge: edge.parent)
    left = {name: len(above.get(name, ())) for name in nodes}
    ready = sorted((n for n, count in left.items() if not count), key=lambda n: _key(nodes[n]))
    made: list[Node] = []
    for name in ready:  # grows while it is read
        made.append(nodes[name])
        following = {edge.child for edge in below.get(name, ())}
        for child in sorted(following, key=lambda n: _key(nodes[n])):
            left[child] -= 1
            if not left[child]:
                ready.append(child)
    done = set(ready)
    return [*made, *(node for name, node in nodes.items() if name not in done)]


def _by_child(edges: list[Edge]) -> Mapping[str, list[Edge]]:
    return _grouped(edges, lambda edge: edge.child)


def _key(node: Node) -> tuple[str, str]:
    return str(node.path.parent), node.path.name


def _grouped(edges: Iterable[Edge], key: Any) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(key(edge), []).append(edge)
    return found
