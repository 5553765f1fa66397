"""What is known of a run on disk: plain JSON in its folder, for kernels that come later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import parse_json, read_bytes
from asyncmd_jupyter.jobs.heartbeat import may_live
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.names import check_name, escaped, is_name
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot, combined_state
from asyncmd_jupyter.sampling.run_record_values import VERSION, record_values
from asyncmd_jupyter.sampling.run_spec import RunSpec

RECORD_ENDING = ".run.json"
PICKLE_ENDING = ".run.pkl"


@dataclass(frozen=True)
class RunRecord:
    """What a run was asked for, who looks after it, and how far it has come.

    Attributes
    ----------
    name : str
    folder : Path
        Of the run, where the record was found.
    campaign : str
    engine, engine_class : str
        Name of the MD program, and of the Python class.
    launcher : str
    conditions : tuple of str
        Their names.
    mode : str
    n_walkers : int
    max_steps : int or None
    walltime_per_part : float
        Hours.
    dt : float
        MD time step in ps, 0 where steps have no fixed length.
    created : datetime
        When the run was started first.
    updated : datetime
    owner : str
        The kernel that looks after it: host, process id and its start.
    notebook : str
        Path of the notebook that started it; empty if it is not known.
    wall_seconds : float
    walkers : tuple of WalkerSnapshot
        As they were seen last; those that have ended as they are.
    error_kinds : tuple of str
        Class of the error that ended each walker, empty where there was none.
    unpicklable : Mapping
        What could not be kept for going on with the run -> why.
    """

    name: str
    folder: Path
    campaign: str
    engine: str
    engine_class: str
    launcher: str
    conditions: tuple[str, ...]
    mode: str
    n_walkers: int
    max_steps: int | None
    walltime_per_part: float
    dt: float
    created: datetime
    updated: datetime
    owner: str
    notebook: str
    wall_seconds: float
    walkers: tuple[WalkerSnapshot, ...]
    error_kinds: tuple[str, ...]
    unpicklable: Mapping[str, str]

    @classmethod
    def of(
        cls,
        spec: RunSpec,
        run: RunSnapshot,
        *,
        created: datetime,
        notebook: str,
        error_kinds: tuple[str, ...],
        unpicklable: Mapping[str, str],
    ) -> Self:
        """Write down a run as it is now, looked after by this process."""
        return cls(
            name=spec.name,
            folder=spec.folder,
            campaign=spec.campaign,
            engine=run.engine,
            engine_class=f"{type(spec.engine).__module__}.{type(spec.engine).__qualname__}",
            launcher=run.launcher,
            conditions=run.conditions,
            mode=spec.mode,
            n_walkers=int(spec.n_walkers),
            max_steps=spec.max_steps,
            walltime_per_part=float(spec.walltime_per_part),
            dt=float(spec.engine.dt) if spec.engine.has_fixed_dt else 0.0,
            created=created,
            updated=datetime.now(UTC),
            owner=str(Owner.this()),
            notebook=notebook,
            wall_seconds=run.wall_seconds,
            walkers=run.walkers,
            error_kinds=error_kinds,
            unpicklable=dict(unpicklable),
        )

    @property
    def state(self) -> RunState:
        """Of the whole run."""
        return combined_state([walker.state for walker in self.walkers])

    @property
    def kernel(self) -> Owner:
        """The process that looks after the run, or did."""
        return Owner.parse(self.owner)

    @property
    def is_active_elsewhere(self) -> bool:
        """Whether another kernel may be going on with it."""
        is_mine = self.kernel == Owner.this()
        if self.state.is_final or is_mine:
            return False
        return may_live(self.kernel, runtime.current().settings.state_dir)

    def to_text(self) -> str:
        """The record as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["folder"]
        kernel = self.kernel
        values |= {
            "version": VERSION,
            "state": self.state.value,
            "host": kernel.host,
            "pid": kernel.process.pid,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "walkers": [_walker_values(walker, self.folder) for walker in self.walkers],
        }
        return json.dumps(values, indent=1)

    @classmethod
    def from_json(cls, content: Any, folder: Path, name: str) -> Self:
        """Take what `to_text` gave, of a file in `folder` that is called after `name`.

        Raises
        ------
        ValueError
            It is not a record of a run, or one of a later version; says what is wrong.
        """
        check_name(name)
        return cls(name=name, folder=folder, **record_values(content, folder))


def record_file(folder: Path, name: str) -> Path:
    """Where the record of a run is."""
    return folder / f"{name}{RECORD_ENDING}"


def pickle_file(folder: Path, name: str) -> Path:
    """Where engine, start and conditions of a run are."""
    return folder / f"{name}{PICKLE_ENDING}"


def read_record(path: Path) -> RunRecord:
    """Read one record, which anybody may have written.

    Raises
    ------
    ForeignFileError
        It is empty, damaged or something else; says what, and names the file.
    OSError
        It can't be read.
    """
    content = read_bytes(path)
    if not content:
        raise ForeignFileError(f"The record {str(path)!r} is empty.")
    try:
        values = parse_json(content)
    except ValueError as error:
        raise ForeignFileError(
            f"The record {str(path)!r} is damaged, or only its beginning is there: {error}."
        ) from None
    try:
        return RunRecord.from_json(values, path.parent, path.name.removesuffix(RECORD_ENDING))
    except ValueError as error:
        raise ForeignFileError(f"The record {str(path)!r} can't be used: {error}") from None


@dataclass(frozen=True)
class Found:
    """The records in a folder, oldest first, and what is wrong with others."""

    records: tuple[RunRecord, ...]
    problems: tuple[str, ...]


def look_for_records(folder: str | os.PathLike[str] = ".") -> Found:
    """Read all records in a folder and its sub-folders, one level down.

    Raises
    ------
    NotADirectoryError, FileNotFoundError
        There is no such folder.
    """
    top = Path(folder).expanduser().absolute()
    if not top.exists():
        raise FileNotFoundError(f"The folder {str(top)!r} does not exist.")
    if not top.is_dir():
        raise NotADirectoryError(f"{str(top)!r} is a file, not a folder with runs.")
    records, problems = [], []
    for path in _record_files(top):
        try:
            records.append(read_record(path))
        except (ForeignFileError, OSError) as error:
            problems.append(
                f"{escaped(str(error)).rstrip('.')}. Continue that run by hand: "
                "start_run(…, continuation=True)."
            )
    return Found(tuple(sorted(records, key=lambda record: record.created)), tuple(problems))


def records_in(folder: str | os.PathLike[str] = ".") -> list[RunRecord]:
    """The readable records in a folder and its sub-folders, oldest first."""
    return list(look_for_records(folder).records)


def names_in(folder: str | os.PathLike[str] = ".") -> list[str]:
    """Names of the runs that have a record in a folder and its sub-folders, unread."""
    with suppress(OSError):
        files = _record_files(Path(folder).expanduser().absolute())
        return [name for path in files if is_name(name := path.name.removesuffix(RECORD_ENDING))]
    return []


def _record_files(top: Path) -> Iterator[Path]:
    yield from _in_one_folder(top)
    with os.scandir(top) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir())
    for name in folders:
        yield from _in_one_folder(top / name)


def _in_one_folder(folder: Path) -> Iterator[Path]:
    try:
        # A Path for each file of a full folder would take most of the time.
        names = sorted(name for name in os.listdir(folder) if _is_record(name))  # noqa: PTH208
    except OSError:  # somebody else's, or gone
        return
    yield from (folder / name for name in names)


def _is_record(name: str) -> bool:
    return name.endswith(RECORD_ENDING) and not name.startswith(".")


def _walker_values(walker: WalkerSnapshot, folder: Path) -> dict[str, Any]:
    values = asdict(walker)
    values["state"] = walker.state.value
    values["trajectory_files"] = [_inside(path, folder) for path in walker.trajectory_files]
    structure = walker.structure_file
    values["structure_file"] = None if structure is None else _inside(structure, folder)
    return values


def _inside(path: Path, folder: Path) -> str:
    """Relative in the run's folder, which may be moved as a whole."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path.absolute())
