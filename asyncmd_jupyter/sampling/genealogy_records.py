"""Finds the records that belong to a genealogy, in the folders concerned."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.provenance_file import ENDING, matches, read_record
from asyncmd_jupyter.frames.provenance_parameters import is_meant
from asyncmd_jupyter.frames.provenance_parents import Parent
from asyncmd_jupyter.frames.trajectory import Trajectory

_HIDDEN = "."


@dataclass(frozen=True)
class Found:
    """A file with its record.

    Attributes
    ----------
    path : Path
    content : Mapping
        Of the record.
    """

    path: Path
    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The record's own name."""
        return str(self.content.get("id") or self.path)

    @property
    def parents(self) -> list[Parent]:
        """What it was made of."""
        return [Parent.from_json(one) for one in self.content.get("parents", ())]

    @property
    def is_step(self) -> bool:
        """Whether it is about frames, and no record of what a program reads."""
        return bool(self.content.get("made", {}).get("by") != "preparation")

    def note(self) -> str:
        """What is wrong with the file; empty if nothing is."""
        try:
            return "" if matches(self.content, self.path) else "replaced"
        except FileNotFoundError:
            return "removed"
        except (OSError, ValueError) as error:
            return f"can't be read: {error}"


class Archive:
    """All records in some folders, which are read when they are first needed."""

    def __init__(self) -> None:
        self.by_id: dict[str, Found] = {}
        self.by_path: dict[Path, Found] = {}
        self.children: dict[str, list[Found]] = {}
        self._folders: dict[Path, list[Found]] = {}

    def read_below(self, folder: Path) -> list[Found]:
        """Read a folder and those in it, but no hidden ones."""
        found: list[Found] = []
        for place, folders, _ in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
            found += self.read(Path(place))
        return found

    def read(self, folder: Path) -> list[Found]:
        """Read the records in one folder."""
        if folder not in self._folders:
            paths = (folder / name.removesuffix(ENDING) for name in _records(folder))
            self._folders[folder] = [found for path in paths if (found := _read(path))]
            for found in self._folders[folder]:
                self._add(found)
        return self._folders[folder]

    def _add(self, found: Found) -> None:
        self.by_path[found.path] = found
        if self.by_id.setdefault(found.id, found) is found:
            for name in {_name(parent, found.path.parent) for parent in found.parents}:
                self.children.setdefault(name, []).append(found)

    def below(self, found: Found) -> list[Found]:
        """The records of what was made of a file."""
        unmarked = [
            child
            for child in self.children.get(str(found.path), ())
            if any(self.parent(parent, child.path.parent) is found for parent in child.parents)
        ]
        return [*self.children.get(found.id, ()), *unmarked]

    def parent(self, parent: Parent, folder: Path) -> Found | Path | None:
        """What a parent is now: a file with its record, one without, or nothing."""
        places = parent.places(folder)
        for path in places:
            self.read(path.parent)
        if parent.id:
            return self.by_id.get(parent.id)
        for path in places:
            found = self.by_path.get(path)
            if found is not None and is_meant(parent, found.content):
                return found
        return next((path for path in places if path.is_file()), None)


def _name(parent: Parent, folder: Path) -> str:
    return parent.id or str(parent.places(folder)[0])


def records_of(items: Iterable[Any], archive: Archive) -> list[Found]:
    """The records of trajectories, and of all that is in folders.

    Raises
    ------
    TypeError
        For an item that has neither files nor a folder.
    """
    found: list[Found] = []
    for item in items:
        for path in places_of(item):
            if path.is_dir():
                found += archive.read_below(path)
            else:
                archive.read(path.parent)
                if path in archive.by_path:
                    found.append(archive.by_path[path])
    return list({one.id: one for one in found}.values())


def places_of(item: Any) -> list[Path]:
    """The files or the folder that an item stands for."""
    if isinstance(item, Trajectory):
        return list(item.paths)
    if isinstance(item, str | os.PathLike):
        path = Path(item).absolute()
        if not path.exists():
            raise FileNotFoundError(f"{str(path)!r} does not exist.")
        return [path]
    if (folder := getattr(item, "workdir", None)) is not None:
        return [Path(folder).absolute()]
    raise TypeError(
        f"{item!r} has no history: give trajectories, runs, or folders and files of them."
    )


def _read(path: Path) -> Found | None:
    try:
        content = read_record(path)
    except (OSError, ValueError):
        return None
    found = None if content is None else Found(path, content)
    return found if found is not None and found.is_step else None


def _records(folder: Path) -> Iterator[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a folder may hold many files
    except OSError:
        return
    yield from sorted(name for name in names if name.endswith(ENDING) and name[0] != _HIDDEN)
