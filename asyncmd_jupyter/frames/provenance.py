"""Where a trajectory comes from, as the record beside it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.html_table import html_table
from asyncmd_jupyter.frames.provenance_file import Mark, matches, read_record, record_path
from asyncmd_jupyter.frames.provenance_parameters import UnresolvedError, resolved
from asyncmd_jupyter.frames.provenance_parents import Parent
from asyncmd_jupyter.frames.provenance_words import made_in_words, rows_of
from asyncmd_jupyter.names import escaped


@dataclass(frozen=True, repr=False)
class Provenance:
    """Where a trajectory comes from.

    Attributes
    ----------
    file : Path
        The trajectory file.
    content : Mapping
        All that the record holds; empty if it can't be believed.
    problem : str
        Why the record can't be believed, such as that the file was replaced by another one.
    following : tuple of Provenance or None
        For the further files of a trajectory that has several.
    """

    file: Path
    content: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    following: tuple[Provenance | None, ...] = ()

    @property
    def id(self) -> str:
        """The record's own name, which stays when files are moved."""
        return str(self.content.get("id", ""))

    @property
    def record_file(self) -> Path:
        """The JSON file."""
        return record_path(self.file)

    @property
    def made_by(self) -> str:
        """What made it.

        ``part`` (of a simulation), ``preparation``, ``constraints``, ``velocities``,
        ``minimize``, ``extraction``, ``concatenation``, ``join`` (of parts), ``path`` (of
        two halves) or ``recovery``.
        """
        return str(self._section("made").get("by", ""))

    @property
    def parents(self) -> tuple[Parent, ...]:
        """The frames that it was made of, or that the simulation began with."""
        return tuple(Parent.from_json(one) for one in self.content.get("parents", ()))

    @property
    def is_complete(self) -> bool:
        """Whether what made it had ended when the record was written."""
        return Mark.from_json(self.content.get("content")) is not None

    @property
    def engine(self) -> Mapping[str, Any]:
        """Class of the engine, its program, the version and the platform of that."""
        return self._section("engine")

    @property
    def seeds(self) -> Mapping[str, Any]:
        """Seeds of the random numbers that were used, as far as they are known."""
        return self._section("seeds")

    @property
    def job(self) -> Mapping[str, Any]:
        """Id, id in the queue, nodes, begin and end (UTC) of the job."""
        return self._section("job")

    @property
    def tags(self) -> Mapping[str, Any]:
        """Such as the run and the walker."""
        return self._section("tags")

    @property
    def software(self) -> Mapping[str, str]:
        """Versions of what wrote the record."""
        return self._section("software")

    @property
    def frames(self) -> Mapping[str, Any]:
        """Number of frames, first and last step and time."""
        return self._section("frames")

    def parameters(self, *, full: bool = False) -> dict[str, Any]:
        """Parameters that differ from those of the parent, all of them without a parent.

        Parameters
        ----------
        full : bool
            All parameters, found by following the parents. A parameter that the parent has
            and this one does not is left out, and None in what differs.

        Raises
        ------
        LookupError
            If the record of a parent is needed and missing.
        """
        section = self._section("parameters")
        if full:
            return resolved(section, self.content, self.file.parent)
        unset = dict.fromkeys(section.get("unset", ()))
        return {**section.get("set", {}), **unset}

    def parent_trajectories(self) -> tuple[Path | None, ...]:
        """The files of the parents where they are now; None for those that are gone."""
        return tuple(find_file(parent, self.file.parent) for parent in self.parents)

    def text(self) -> str:
        """Say it in lines."""
        rows = self._rows()
        width = max(len(name) for name, _ in rows)
        indent = "\n" + " " * (width + 2)
        lines = (f"{name:<{width}}  {text.replace(chr(10), indent)}" for name, text in rows)
        return escaped("\n".join([*lines, *self._of_following()]), lines=True)

    def __repr__(self) -> str:
        """One line."""
        told = self.problem or made_in_words(self.content)
        return escaped(f"<Provenance of {self.file.name}: {told}>")

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        more = [("further file", text) for text in self._of_following()]
        return html_table(f"Provenance of {self.file.name}", [*self._rows(), *more])

    def _rows(self) -> list[tuple[str, str]]:
        if self.problem:
            return [("file", str(self.file)), ("not believed", self.problem)]
        return [("file", str(self.file)), *rows_of(self.content, self.parents)]

    def _of_following(self) -> list[str]:
        return [repr(one) if one else "no record" for one in self.following]

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self.content.get(name, {})
        return section


def provenance_of(files: Sequence[Path]) -> Provenance | None:
    """What the records beside the files of one trajectory tell; None if there is none."""
    found = [provenance_of_file(path) for path in files]
    if not any(found):
        return None
    first = found[0] or Provenance(files[0], problem="There is no record beside this file.")
    return Provenance(first.file, first.content, first.problem, tuple(found[1:]))


def provenance_of_file(path: Path) -> Provenance | None:
    """What the record beside a file tells; None if there is none."""
    try:
        content = read_record(path)
        if content is None:
            return None
        if matches(content, path):
            return Provenance(path, content)
    except FileNotFoundError:
        return Provenance(path, problem="The file is gone, only its record is left.")
    except (OSError, ValueError) as error:
        return Provenance(path, problem=f"{record_path(path).name} can't be used: {error}.")
    return Provenance(path, problem=_replaced(path, content))


def find_file(parent: Parent, folder: Path) -> Path | None:
    """Where the file of a parent is, as seen from the folder of a record."""
    for path in parent.places(folder):
        if path.is_file() and _is_same(parent, path):
            return path
    return None


def _is_same(parent: Parent, path: Path) -> bool:
    found = provenance_of_file(path)
    if found is not None and found.id and found.id == parent.id:
        return True
    return parent.mark is None or Mark.of(path) == parent.mark


def _replaced(path: Path, content: Mapping[str, Any]) -> str:
    then, size = Mark.from_json(content.get("content")), path.stat().st_size
    if then is not None and then.size != size:
        how = f"it had {then.size} bytes then and has {size} now"
    else:
        how = "it has as many bytes, but others"
    return f"{path.name} is no longer the file that its record was written for: {how}."


__all__ = ["Parent", "Provenance", "UnresolvedError", "provenance_of", "provenance_of_file"]
