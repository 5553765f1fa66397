"""A genealogy as a tree of lines for terminals."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from asyncmd_jupyter.sampling.genealogy import MISSING, PLAIN, Edge, Genealogy, Node

_INDENT = "  "
_DEEPEST = 40  # indented further, nothing would be left of a line


def tree(family: Genealogy) -> str:
    """One line for each file, children below their parents and farther to the right.

    The parts of one simulation stand below each other. What was made of several files
    stands below the last of them.
    """
    if not family.nodes:
        return "Nothing is known: there are no records here."
    base = _common_folder([node.path for node in family.nodes])
    lines = [_line(family, base, node, edges, depth) for node, edges, depth in _walk(family)]
    return "\n".join([f"in {base}", *lines])


def _walk(family: Genealogy) -> Iterator[tuple[Node, Sequence[Edge], int]]:
    """All nodes from the roots on, each once."""
    told: set[str] = set()
    waiting = [(node.id, 0) for node in reversed(family.roots)]
    left = [(node.id, 0) for node in reversed(family.nodes)]
    while waiting or left:
        comes_from_above = bool(waiting)
        name, depth = (waiting or left).pop()
        edges = family.above.get(name, [])
        if name in told or (comes_from_above and not {edge.parent for edge in edges} <= told):
            continue
        told.add(name)
        yield family.by_id[name], edges, depth
        below = sorted(family.below.get(name, []), key=_place(family), reverse=True)
        waiting += [(edge.child, depth) for edge in below if family.goes_on(edge)]
        waiting += [(edge.child, depth + 1) for edge in below if not family.goes_on(edge)]


def _place(family: Genealogy) -> Callable[[Edge], tuple[float, str]]:
    """Sort by the place in the parent, then by name."""
    return lambda edge: (edge.taken.last_frame or 0, str(family.by_id[edge.child].path))


def _line(family: Genealogy, base: Path, node: Node, edges: Sequence[Edge], depth: int) -> str:
    told = [_name(base, node.path), *_facts(family, node, edges)]
    indent = _INDENT * min(depth, _DEEPEST)
    return indent + "  ".join(text for text in told if text)


def _facts(family: Genealogy, node: Node, edges: Sequence[Edge]) -> Iterator[str]:
    if node.kind == MISSING:
        yield "(missing)"
    elif node.kind == PLAIN:
        yield "(a file without a record)"
    yield node.words
    yield _frames(node)
    yield _origin(family, edges)
    yield f"[{node.changes}]" if node.changes else ""
    yield f"({node.note})" if node.note else ""


def _frames(node: Node) -> str:
    if not node.n_frames or node.first_time is None or node.last_time is None:
        return ""
    if node.n_frames == 1:
        return f"{node.first_time:g} ps"
    return f"{node.n_frames} frames, {node.first_time:g} to {node.last_time:g} ps"


def _origin(family: Genealogy, edges: Sequence[Edge]) -> str:
    if not edges or family.goes_on(edges[0]):
        return ""
    if len(edges) > 1:
        return f"of {len(edges)} files"
    taken = edges[0].taken
    name = family.by_id[edges[0].parent].path.name
    if taken.frame is None:
        return f"from {name}"
    if taken.n_frames > 1:
        return f"from frames {taken.frame} to {taken.last_frame} of {name}"
    return f"from frame {taken.frame} of {name}"


def _name(base: Path, path: Path) -> str:
    return os.path.relpath(path, base)


def _common_folder(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([path.parent for path in paths]))
