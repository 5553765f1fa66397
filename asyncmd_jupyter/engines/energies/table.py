"""A table of energies: one row for each MD step at which the program wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.files.writing import new_file


@dataclass(frozen=True, eq=False, repr=False)
class EnergyTable(Mapping[str, NDArray[np.float64]]):
    """What an MD program wrote of energies, temperature, density and the like.

    A mapping from names to columns. These names are the same for all programs:
    ``Potential energy``, ``Kinetic energy``, ``Total energy``, ``Conserved energy`` (kJ/mol),
    ``Temperature`` (K), ``Pressure`` (bar), ``Density`` (kg/m^3), ``Volume`` (nm^3), as far as
    the program has them; other terms have the program's own names.

    Attributes
    ----------
    steps : NDArray
        int, shape (n_rows,), MD steps since the preparation of the simulation; each is there once.
    times : NDArray
        float, shape (n_rows,), simulated time in ps.
    columns : dict
        Name -> float array of shape (n_rows,).
    units : dict
        Name -> unit, empty for a number without one.
    parts : NDArray
        int, shape (n_rows,), number of the part that each row is from.

    Examples
    --------
    >>> kelvin = {"Temperature": np.array([299.0, 300.5, 301.0])}
    >>> steps = np.array([0, 100, 200])
    >>> table = EnergyTable(steps, steps * 0.002, kelvin, {"Temperature": "K"}, np.ones(3, int))
    >>> table
    <EnergyTable: 3 rows from 0 to 0.4 ps, Temperature (K)>
    >>> float(table["Temperature"].max())
    301.0
    """

    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    columns: dict[str, NDArray[np.float64]]
    units: dict[str, str]
    parts: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """A column; KeyError names those that are there."""
        try:
            return self.columns[name]
        except KeyError:
            near = get_close_matches(str(name), self.columns, 1, 0.3)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(map(repr, self.columns)) or "none"
            raise KeyError(f"There is no column {name!r}; there are {known}.{hint}") from None

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""
        return iter(self.columns)

    def __len__(self) -> int:
        """Number of columns; that of rows is ``len(table.steps)``."""
        return len(self.columns)

    def title(self, name: str) -> str:
        """The name with its unit, such as ``Temperature (K)``."""
        unit = self.units.get(name, "")
        return name if not unit or name.endswith(f"({unit})") else f"{name} ({unit})"

    def to_csv(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the table as text: step, time (ps), and the columns with their units.

        Parameters
        ----------
        path : path
        overwrite : bool
            Whether an existing file is replaced.

        Raises
        ------
        FileExistsError
            There is one, and `overwrite` is false.
        """
        with new_file(path, overwrite=overwrite) as file:
            file.write(self._as_csv().encode())

    def _as_csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["Step", "Time (ps)", *map(self.title, self)])
        rows = zip(self.steps, self.times, *self.columns.values(), strict=True)
        writer.writerows([int(step), *map(float, rest)] for step, *rest in rows)
        return text.getvalue()

    def take(self, rows: Any) -> EnergyTable:
        """Some of the rows, as an index or mask of numpy."""
        return EnergyTable(
            self.steps[rows],
            self.times[rows],
            {name: column[rows] for name, column in self.columns.items()},
            self.units,
            self.parts[rows],
        )

    def up_to(self, step: int) -> EnergyTable:
        """The rows up to and with an MD step."""
        return self.take(slice(0, int(np.searchsorted(self.steps, step, "right"))))

    def __repr__(self) -> str:
        """Say what there is."""
        columns = ", ".join(map(self.title, self)) or "no columns"
        return f"<EnergyTable: {self._span()}, {columns}>"

    def _span(self) -> str:
        if not len(self.steps):
            return "no rows"
        return f"{len(self.steps)} rows from {self.times[0]:g} to {self.times[-1]:g} ps"

    def _repr_html_(self) -> str:
        """Mean and standard deviation of each column, which is what one looks at first."""
        from html import escape

        cells = [
            f"<tr><th style='text-align:left'>{escape(self.title(name))}</th>"
            f"<td>{column.mean():.6g}</td><td>{column.std():.3g}</td></tr>"
            for name, column in self.columns.items()
            if len(column)
        ]
        head = "<tr><th></th><th>mean</th><th>standard deviation</th></tr>"
        return f"<p>{escape(self._span())}</p><table>{head}{''.join(cells)}</table>"


def nothing(units: Mapping[str, str] | None = None) -> EnergyTable:
    """A table without rows."""
    names = units or {}
    return EnergyTable(
        np.zeros(0, np.int64),
        np.zeros(0),
        {name: np.zeros(0) for name in names},
        dict(names),
        np.zeros(0, np.int64),
    )


def joined(tables: Sequence[EnergyTable]) -> EnergyTable:
    """The tables of parts, in order, as one.

    A part begins where the one before it was saved. Rows that the one before has from there on
    were computed again, so they are left out.
    """
    tables = [table for table in tables if len(table.steps)]
    if len(tables) < 2:
        return tables[0] if tables else nothing()
    begins = [int(table.steps[0]) for table in tables]
    kept = []
    for number, table in enumerate(tables):
        later = min(begins[number + 1 :], default=None)
        kept.append(table if later is None else table.up_to(later - 1))
    names = list(dict.fromkeys(name for table in kept for name in table))
    units = {name: unit for table in kept for name, unit in table.units.items()}
    return EnergyTable(
        unchangeable([table.steps for table in kept]),
        unchangeable([table.times for table in kept]),
        {name: unchangeable([_column(table, name) for table in kept]) for name in names},
        {name: units[name] for name in names},
        unchangeable([table.parts for table in kept]),
    )


def unchangeable(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The arrays in one, which may be handed out again and again."""
    made = np.concatenate(arrays)
    made.flags.writeable = False
    return made


def _column(table: EnergyTable, name: str) -> NDArray[np.float64]:
    """A column; of a part that does not have it, nan."""
    missing = np.full(len(table.steps), np.nan)
    return table.columns.get(name, missing)
