"""Parameter files of MD programs as mappings."""

from __future__ import annotations

import copy
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from asyncmd_jupyter.engines import mdconfig_view, mdvalues
from asyncmd_jupyter.engines.files import checked_path
from asyncmd_jupyter.engines.mdlines import Entry, Line, add_entry, short
from asyncmd_jupyter.engines.mdvalues import Kind, to_text
from asyncmd_jupyter.files.writing import new_file

_MISSING = object()


class MDConfig(MutableMapping[str, Any]):
    """The parameters in a file of an MD program: read, changed in memory, written elsewhere.

    A subclass says how the file is read and written; `parse` hands what it read to `_take`.

    Parameters
    ----------
    original_file : path, optional
        Read at once. Without it there are no parameters yet.
    """

    _config: dict[str, Any]
    _original: dict[str, Any]
    _original_file: Any = None
    _source: Any = None

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:  # noqa: D102
        # A subclass need not call __init__.
        made = super().__new__(cls)
        made._config, made._original = {}, {}
        return made

    def __init__(self, original_file: str | PathLike[str] | None = None) -> None:
        if original_file is not None:
            self.original_file = original_file

    @property
    def original_file(self) -> Any:
        """The file that the parameters come from, None without one; setting another reads it."""
        return self._original_file

    @original_file.setter
    def original_file(self, path: str | PathLike[str]) -> None:
        name = os.fsdecode(checked_path("original_file", path))
        if not Path(name).is_file():
            raise FileNotFoundError(f"original_file={name!r} is no file.")
        before = self.__dict__.copy()
        self._original_file, self._source = name, Path(name).absolute()
        try:
            self.parse()
        except BaseException:
            self.__dict__.update(before)
            raise

    @property
    def changed(self) -> bool:
        """Whether any value differs from the file's."""
        return list(self.changed_keys()) != []

    def changed_keys(self) -> Iterator[str]:
        """Keys whose value differs from the file's, taken away ones included."""
        for key in dict.fromkeys((*self._config, *self._original)):
            if self._has_changed(key):
                yield key

    @abstractmethod
    def parse(self) -> None:
        """Read the original file again; what was changed in memory is lost."""

    @abstractmethod
    def write(self, outfile: str | PathLike[str], overwrite: bool = False) -> None:
        """Write all parameters to a file, which appears when it is complete.

        Raises
        ------
        FileExistsError
            If there is one already and `overwrite` is false.
        """

    def nstout(self, output_traj_type: str) -> int:
        """MD steps between two frames of a trajectory of this type; helpers for engines ask it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how often frames come.")

    def ensure_options(self, genvel: str, continuation: str) -> Self:
        """Set how a simulation begins, in this object; helpers for engines ask it."""
        raise NotImplementedError(f"{type(self).__name__} does not know how simulations begin.")

    # The mapping

    def __getitem__(self, key: str) -> Any:
        if not isinstance(key, str) or (known := self._key(key)) not in self._config:
            raise KeyError(key)
        return self._config[known]

    def __setitem__(self, key: str, value: Any) -> None:
        key = self._checked_key(key)
        self._config[key] = self._checked(key, value)

    def __delitem__(self, key: str) -> None:
        self[key]  # a KeyError names the key as it was given
        del self._config[self._key(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # one that shared the values would change with this one

    def __repr__(self) -> str:
        return mdconfig_view.plain(self)

    def _repr_html_(self) -> str:
        return mdconfig_view.table(self)

    # What subclasses may say

    def _spelling(self, key: str, known: Iterable[str]) -> str:
        """The spelling of a key by which it is listed, given those that are already."""
        return key

    def _kind(self, key: str) -> Kind | None:
        """The type of a parameter; values of none are kept as they are."""
        return None

    # Their tools

    def _key(self, key: str) -> str:
        return self._spelling(key, chain(self._config, self._original))

    def _take(self, values: dict[str, Any]) -> None:
        """Make these the values of the file."""
        self._config = values
        self._original = copy.deepcopy(values)

    def _checked_key(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(f"{key!r} is no name of a parameter: give a text.")
        if not key.strip() or set(key) & set("\n\r\0"):
            raise ValueError(f"{key!r} can't be the name of a parameter.")
        return self._key(key)

    def _checked(self, key: str, value: Any) -> Any:
        kind = self._kind(key)
        if kind is None:
            return value
        try:
            return kind.from_python(value)
        except (TypeError, ValueError) as error:
            undo = " To leave it unset, take it away with del." if value is None else ""
            message = f"{key} = {value!r} can't be set: {error}. It takes {kind.wanted}.{undo}"
            wrong_type = isinstance(error, TypeError)
            raise (TypeError if wrong_type else ValueError)(message) from None

    def _has_changed(self, key: str) -> bool:
        now, before = self._config.get(key, _MISSING), self._original.get(key, _MISSING)
        # By repr: 1 is not 1.0, -0.0 is not 0.0, and nan is nan.
        return now is not before and repr(now) != repr(before)


class LineBasedMDConfig(MDConfig):
    """A file in which each line holds a parameter, or none.

    Subclasses say how a line is read. What a line held that is unchanged is written as it
    was, comments included. Values are lists of words unless a table names their type. Of two
    lines that give the same parameter the last one counts, with a warning.
    """

    _FLOAT_PARAMS: ClassVar[list[str]] = []
    _FLOAT_SINGLETON_PARAMS: ClassVar[list[str]] = []
    _INT_PARAMS: ClassVar[list[str]] = []
    _INT_SINGLETON_PARAMS: ClassVar[list[str]] = []
    _STR_SINGLETON_PARAMS: ClassVar[list[str]] = []
    _KEY_VALUE_SEPARATOR = " = "
    _INTER_VALUE_CHAR = " "
    _REPEATS_ARE_ERRORS: ClassVar[bool] = False
    _lines: Sequence[Line] = ()

    @abstractmethod
    def _parse_line(self, line: str) -> dict[str, Any]:
        """Read a line (without its end).

        Returns
        -------
        dict
            From keys to texts or lists of words; empty for a line without a parameter.

        Raises
        ------
        ValueError
            What is wrong with the line; file and number are added.
        """

    def parse(self) -> None:
        """Read the original file again; what was changed in memory is lost.

        Raises
        ------
        ValueError
            Naming the file and the line.
        """
        if self._source is None:
            raise ValueError(f"This {type(self).__name__} has no original_file to read: set one.")
        text = self._source.read_bytes().decode("utf-8", "surrogateescape")
        lines, entries = [], dict[str, Entry]()
        for number, line in enumerate(text.split("\n"), start=1):
            found = self._found_in(number, line, entries)
            lines.append(Line(line, tuple(found)))
            for key, value in found.items():
                entry = Entry(self._original_file, number, value)
                add_entry(entries, key, entry, refuse_repeats=self._REPEATS_ARE_ERRORS)
        values = {key: self._value(key, entries) for key in entries}
        self._take({key: value for key, value in values.items() if value is not None})
        self._lines = lines

    def write(self, outfile: str | PathLike[str], overwrite: bool = False) -> None:
        """Write all parameters to a file, which appears when it is complete.

        Raises
        ------
        FileExistsError
            If there is one already and `overwrite` is false.
        """
        outfile = checked_path("outfile", outfile)
        content = "\n".join(self._lines_now()).encode("utf-8", "surrogateescape")
        with new_file(outfile, overwrite=overwrite) as file:
            file.write(content)
        if self._source is not None and self._source.exists() and self._source.samefile(outfile):
            self.parse()

    # What subclasses may say

    def _kind(self, key: str) -> Kind:
        return self._tabled_kind(key) or mdvalues.WORDS

    def _is_unused(self, key: str, entries: Mapping[str, Entry]) -> bool:
        """Whether the program ignores the value, so that it may be anything."""
        return False

    # Reading

    def _tabled_kind(self, key: str) -> Kind | None:
        tables = (
            (mdvalues.REALS, self._FLOAT_PARAMS),
            (mdvalues.REAL, self._FLOAT_SINGLETON_PARAMS),
            (mdvalues.WHOLES, self._INT_PARAMS),
            (mdvalues.LONG, self._INT_SINGLETON_PARAMS),
            (mdvalues.TEXT, self._STR_SINGLETON_PARAMS),
        )
        return next((kind for kind, names in tables if key in map(self._key, names)), None)

    def _found_in(self, number: int, line: str, known: Iterable[str]) -> dict[str, Any]:
        try:
            found = self._parse_line(line.rstrip("\r"))
        except ValueError as error:
            raise ValueError(f"{self._original_file}, line {number}: {error}") from error
        return {self._spelling(key, known): value for key, value in found.items()}

    def _value(self, key: str, entries: Mapping[str, Entry]) -> Any:
        kind, entry = self._kind(key), entries[key]
        try:
            return kind.from_file(entry.value)
        except (TypeError, ValueError) as error:
            if entry.is_unset:
                return None
            if self._is_unused(key, entries):
                return (mdvalues.WORDS if kind.many else mdvalues.TEXT).from_file(entry.value)
            wrong = f"{entry}: {key} = {short(entry.value)}"
            raise ValueError(f"{wrong}: {error}. It takes {kind.wanted}.") from error

    # Writing

    def _lines_now(self) -> list[str]:
        known = {key for line in self._lines for key in line.keys}
        written = set[str]()
        lines = [now for line in self._lines for now in self._line_now(line, written)]
        new = [self._formatted(key) for key in self._config if key not in known]
        if new and lines[-1:] == [""]:
            lines.pop()
        return [*lines, *new, ""] if new else lines

    def _line_now(self, line: Line, written: set[str]) -> list[str]:
        if not any(map(self._has_changed, line.keys)):
            return [line.text]
        keys = [key for key in line.keys if key in self._config and key not in written]
        written.update(line.keys)
        return [self._formatted(key) for key in keys]

    def _formatted(self, key: str) -> str:
        value = self._checked(key, self._config[key])  # a list may have been changed in place
        return f"{key}{self._KEY_VALUE_SEPARATOR}{to_text(value, self._INTER_VALUE_CHAR)}"
