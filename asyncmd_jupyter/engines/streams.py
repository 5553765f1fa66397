"""Streams of random numbers: one for each simulation of an engine with a fixed seed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Hashable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.frames.trajectory import Trajectory


@dataclass(frozen=True)
class Stream:
    """What tells a simulation from the others of its engine.

    It is written beside the simulation, and so the same after a restart of the kernel, in a
    folder that was moved, and for another object that goes on with it.

    Attributes
    ----------
    name : str
        What its files were called when it was begun (`deffnm`).
    start : str
        Digest of the configuration it begins with; see `digest_of`.
    repeat : int
        How many simulations of the same name and start the engine had begun before.
    """

    name: str
    start: str
    repeat: int = 0

    def seed(self, seed: int, bits: int = 62) -> int:
        """The seed of this stream, a positive number of so many bits, from the engine's."""
        text = json.dumps([seed, self.name, self.start, self.repeat])
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        number: int = int.from_bytes(digest, "big") % (2**bits - 1)
        return number + 1

    def to_json(self) -> dict[str, Any]:
        """As it is written beside a simulation."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Any) -> Self | None:
        """Read what was written; None for simulations of versions that wrote nothing."""
        return None if content is None else cls(**content)


class StreamRegistry:
    """The simulations that an engine and its clones have begun, so that none is like another.

    Copies made by `copy.deepcopy` or pickle count anew: they repeat what the original did.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[Hashable, int] = {}
        self._open: dict[str, tuple[Hashable, int]] = {}
        self._owners: dict[tuple[Hashable, Stream], tuple[Hashable, int]] = {}
        self._first_free: dict[tuple[Hashable, Stream], int] = {}

    def __reduce__(self) -> tuple[type[StreamRegistry], tuple[()]]:
        """Nothing of it is pickled."""
        return StreamRegistry, ()

    def reserve(self, alike: Hashable, key: str = "") -> int:
        """Number a simulation among those that are begun alike, in the order of calls.

        Parameters
        ----------
        alike : hashable
            What is known of it before its start is read.
        key : str
            Of its files: as long as they hold no frames it is the same simulation. Empty for
            what is done once.
        """
        with self._lock:
            return self._reserve(alike, key)

    def _reserve(self, alike: Hashable, key: str) -> int:
        known = self._open.get(key)
        if known is not None and known[0] == alike:
            return known[1]
        number = self._begun.get(alike, 0)
        self._begun[alike] = number + 1
        if key:
            self._open[key] = alike, number
        return number

    def begin(self, seeds: Hashable, stream: Stream, alike: Hashable, number: int) -> Stream:
        """Give a simulation that was reserved its stream, once its start has been read."""
        with self._lock:
            first = max(number, self._first_free.get((seeds, stream), 0))
            made = replace(stream, repeat=first)
            while self._owners.setdefault((seeds, made), (alike, number)) != (alike, number):
                made = replace(made, repeat=made.repeat + 1)
            return made

    def found(self, seeds: Hashable, stream: Stream) -> None:
        """Keep off the stream of a simulation that is on disk."""
        alike = seeds, replace(stream, repeat=0)
        with self._lock:
            free = max(self._first_free.get(alike, 0), stream.repeat + 1)
            self._first_free[alike] = free

    def has_frames(self, key: str) -> None:
        """Let what begins in these files from now on be another simulation."""
        with self._lock:
            self._open.pop(key, None)


def source_of(start: StartingConfiguration) -> Hashable:
    """What is known of a start without reading it."""
    if start is None:
        return None
    return start.paths if isinstance(start, Trajectory) else str(start)


def digest_of(*arrays: NDArray[Any] | None) -> str:
    """Digest of positions, velocities and box, in single precision.

    That is what trajectories hold, so that it does not matter in which of the formats that
    hold all of it a start is written.
    """
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        known = b"" if array is None else (np.asarray(array, "<f4") + np.float32(0)).tobytes()
        digest.update(len(known).to_bytes(8, "big") + known)
    return digest.hexdigest()
