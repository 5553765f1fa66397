"""Digests of objects that refer to each other, also in circles.

It plays no role where objects lie in memory, in which order a set gives its elements, or
whether equal parts that are in no circle are one object or two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_OBJECTS = 100_000


@dataclass(frozen=True)
class Node:
    """What an object is apart from the objects it refers to.

    Attributes
    ----------
    label : bytes
    children : sequence of (str, object)
        What each is to the object, and the child itself.
    ordered : bool
        Whether the order of the children means anything.
    """

    label: bytes
    children: Sequence[tuple[str, Any]] = field(default=())
    ordered: bool = True


class GraphError(ValueError):
    """An object can't be described.

    Attributes
    ----------
    path : tuple of str
        How it is reached from the root.
    """

    def __init__(self, reason: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.path = path


Leaf = Callable[[Any], bytes | None]
Expand = Callable[[Any], Node]


def graph_digest(root: Any, leaf: Leaf, expand: Expand) -> bytes:
    """Digest of all that can be reached from `root`.

    Parameters
    ----------
    leaf : Callable
        The whole description of an object that refers to no other, None for others.
    expand : Callable
        The node of an object that is no leaf; raises `GraphError` if there is none.
    """
    graph = _Graph(leaf, expand)
    graph.grow((root,))
    return graph.digest()


def pack(*parts: bytes) -> bytes:
    """Join so that different parts never give the same whole."""
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2b(pack(*parts), digest_size=16).digest()


class _Graph:
    def __init__(self, leaf: Leaf, expand: Expand) -> None:
        self._leaf = leaf
        self._expand = expand
        self._index: dict[int, int] = {}
        self._objects: list[Any] = []  # keeps them alive, or their id() would be used again
        self._reached: list[tuple[int, str]] = []
        self._nodes: list[Node] = []
        self._edges: list[list[int | bytes]] = []

    def grow(self, root: Any) -> None:
        self._add(root, -1, "")
        done = 0
        while done < len(self._objects):
            if done > MAX_OBJECTS:
                raise GraphError(f"refers to more than {MAX_OBJECTS} objects", self._path(0))
            self._visit(done)
            done += 1

    def digest(self) -> bytes:
        digests: list[bytes] = [b""] * len(self._nodes)
        for members in _components(self._edges):
            if len(members) == 1 and members[0] not in self._edges[members[0]]:
                digests[members[0]] = self._combine(members[0], digests)
            else:
                self._tell_apart(members, digests)
        return digests[0]

    def _visit(self, index: int) -> None:
        try:
            node = self._describe(index)
        except GraphError as error:
            raise GraphError(str(error), self._path(index)) from error.__cause__
        self._nodes.append(node)
        edges: list[int | bytes] = []
        for piece, child in node.children:
            leaf = self._leaf(child)
            edges.append(self._add(child, index, piece) if leaf is None else leaf)
        self._edges.append(edges)

    def _describe(self, index: int) -> Node:
        if index == 0:
            return Node(b"root", [("", self._objects[0][0])])
        return self._expand(self._objects[index])

    def _add(self, value: Any, parent: int, piece: str) -> int:
        index = self._index.setdefault(id(value), len(self._objects))
        if index == len(self._objects):
            self._objects.append(value)
            self._reached.append((parent, piece))
        return index

    def _path(self, index: int) -> tuple[str, ...]:
        pieces = []
        while index >= 0:
            index, piece = self._reached[index]
            pieces.append(piece)
        return tuple(piece for piece in reversed(pieces) if piece)

    def _combine(self, index: int, digests: list[bytes], own: bytes = b"") -> bytes:
        node = self._nodes[index]
        parts = [
            pack(piece.encode(), b"leaf" + edge)
            if isinstance(edge, bytes)
            else pack(piece.encode(), b"node" + digests[edge])
            for (piece, _), edge in zip(node.children, self._edges[index], strict=True)
        ]
        if not node.ordered:
            parts.sort()
        return _hash(own, node.label, *parts)

    def _tell_apart(self, members: list[int], digests: list[bytes]) -> None:
        """Refine the digests of objects in a circle as long as that tells more apart."""
        kinds = 0
        while (now := len({digests[index] for index in members})) > kinds:
            kinds = now
            fresh = {index: self._combine(index, digests, digests[index]) for index in members}
            for index, digest in fresh.items():
                digests[index] = digest
        # What tells two circles apart may lie further along than the refinement had to look.
        whole = _hash(*sorted({digests[index] for index in members}))
        for index in members:
            digests[index] = _hash(whole, digests[index])


def _components(edges: list[list[int | bytes]]) -> Iterator[list[int]]:
    """Groups of nodes that reach each other, those that are referred to first (Tarjan)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    waiting: list[int] = []
    placed: set[int] = set()
    trail = [(0, iter(edges[0]))]
    order[0] = lowest[0] = 0
    waiting.append(0)
    while trail:
        index, rest = trail[-1]
        if (child := _unseen_child(index, rest, order, lowest, placed)) is not None:
            order[child] = lowest[child] = len(order)
            waiting.append(child)
            trail.append((child, iter(edges[child])))
            continue
        trail.pop()
        if trail:
            parent = trail[-1][0]
            lowest[parent] = min(lowest[parent], lowest[index])
        if lowest[index] == order[index]:
            group = waiting[waiting.index(index) :] if waiting[-1] != index else [index]
            del waiting[-len(group) :]
            placed.update(group)
            yield group


def _unseen_child(
    index: int,
    rest: Iterator[int | bytes],
    order: dict[int, int],
    lowest: dict[int, int],
    placed: set[int],
) -> int | None:
    for child in rest:
        if isinstance(child, bytes):
            continue
        if child not in order:
            return child
        if child not in placed:
            lowest[index] = min(lowest[index], order[child])
    return None
