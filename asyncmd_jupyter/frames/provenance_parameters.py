"""Parameters of simulations as records keep them: as what differs from the parent's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.provenance_file import Mark, read_record
from asyncmd_jupyter.frames.provenance_parents import Parent


class UnresolvedError(LookupError):
    """The parameters depend on a record that is not there."""


def difference(
    program: str,
    parameters: Mapping[str, Any],
    parent: Mapping[str, Any] | None,
    folder: Path,
) -> dict[str, Any]:
    """What a record says of parameters.

    Parameters
    ----------
    program : str
        Parameters of different programs have nothing to do with each other.
    parameters : Mapping
        All of them.
    parent : Mapping or None
        Record of what the simulation begins with.
    folder : Path
        Of that record.
    """
    mine = as_json(parameters)
    told = {"program": program, "digest": digest(mine)}
    theirs = {} if parent is None else parent.get("parameters", {})
    if theirs.get("program") != program:
        return told | {"full": True, "set": mine}
    if theirs.get("digest") == told["digest"]:
        return told | {"set": {}, "unset": []}
    try:
        before = resolved(theirs, parent or {}, folder)
    except UnresolvedError:
        return told | {"full": True, "set": mine}
    changed = {key: value for key, value in mine.items() if before.get(key, ...) != value}
    return told | {"set": changed, "unset": sorted(before.keys() - mine.keys())}


def inherited(records: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """What a record says that has the parameters of its parents."""
    sections = [record.get("parameters", {}) if record else {} for record in records]
    kinds = {(one.get("program"), one.get("digest")) for one in sections}
    if len(kinds) > 1:
        return {"mixed": True}
    program, made = kinds.pop() if kinds else (None, None)
    return {"program": program, "digest": made, "set": {}, "unset": []} if made else {}


def resolved(section: Mapping[str, Any], record: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All parameters of a record in `folder`, from it and those before it.

    Raises
    ------
    UnresolvedError
        If one of these is missing or was written for other content.
    """
    changes: list[Mapping[str, Any]] = []
    met: set[str] = set()
    while record.get("id") not in met:
        met.add(str(record.get("id")))
        if section.get("mixed"):
            raise UnresolvedError("It was made of simulations with different parameters.")
        if not section:
            raise UnresolvedError("Nothing is known of parameters.")
        changes.append(section)
        if section.get("full"):
            return _applied(changes)
        record, folder = _before(record, folder)
        section = record.get("parameters", {})
    raise UnresolvedError("The records name each other in a circle.")


def _applied(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section in reversed(changes):
        for key in section.get("unset", ()):
            found.pop(key, None)
        found |= section.get("set", {})
    return found


def _before(record: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], Path]:
    parents = [Parent.from_json(one) for one in record.get("parents", [])]
    if not parents:
        raise UnresolvedError("The record names no parent.")
    found = find_record(parents[0], folder)
    if found is None:
        raise UnresolvedError(
            f"They differ from those of {parents[0].file}, whose record is not where it was "
            f"({folder}), or is about other content."
        )
    path, content = found
    return content, path.parent


def find_record(parent: Parent, folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The file of a parent and its record, if that is the one which was meant."""
    for path in parent.places(folder):
        try:
            content = read_record(path)
        except (OSError, ValueError):
            continue
        if content is not None and is_meant(parent, content):
            return path, content
    return None


def is_meant(parent: Parent, content: Mapping[str, Any]) -> bool:
    """Whether a record is that of a parent."""
    if parent.id:
        return content.get("id") == parent.id
    if parent.mark is None:  # the file still grew, and had no record yet
        return parent.lies_in(content.get("frames"))
    return Mark.from_json(content.get("content")) == parent.mark


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take values as they will be read again."""
    made: dict[str, Any] = json.loads(json.dumps(dict(values), default=_plain))
    return made


def digest(parameters: Mapping[str, Any]) -> str:
    """Tell parameters from others."""
    text = json.dumps(parameters, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    for convert in ("tolist", "item"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    return list(value) if isinstance(value, Sequence | set | frozenset) else str(value)
