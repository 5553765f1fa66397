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

from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot, combined_state
from asyncmd_jupyter.sampling.run_spec import RunSpec

VERSION = 1
RECORD_ENDING = ".run.json"
PICKLE_ENDING = ".run.pkl"

_PATHS = ("trajectory_files", "structure_file")


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
        return not self.state.is_final and not is_mine and self.kernel.may_live

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
    def from_text(cls, text: str, folder: Path) -> Self:
        """Read back what `to_text` gave.

        Raises
        ------
        ValueError
            It is no record, or one of a later version.
        """
        try:
            values = json.loads(text)
            if values["version"] > VERSION:
                raise ValueError(f"its version {values['version']} is newer than this program")
            known = {
                field.name: values[field.name] for field in fields(cls) if field.name in values
            }
            known |= {
                "folder": folder,
                "conditions": tuple(values["conditions"]),
                "error_kinds": tuple(values["error_kinds"]),
                "created": datetime.fromisoformat(values["created"]),
                "updated": datetime.fromisoformat(values["updated"]),
                "walkers": tuple(_walker(each, folder) for each in values["walkers"]),
            }
            Owner.parse(known["owner"])
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no record of a run ({error!r})") from error


def record_file(folder: Path, name: str) -> Path:
    """Where the record of a run is."""
    return folder / f"{name}{RECORD_ENDING}"


def pickle_file(folder: Path, name: str) -> Path:
    """Where engine, start and conditions of a run are."""
    return folder / f"{name}{PICKLE_ENDING}"


def read_record(path: Path) -> RunRecord:
    """Read one record.

    Raises
    ------
    ValueError, OSError
        It is damaged, or can't be read.
    """
    return RunRecord.from_text(path.read_text(encoding="utf-8"), path.parent)


def write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file that appears by rename."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


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
        raise NotADirectoryError(f"{str(top)!r} is a file, no folder with runs.")
    records, problems = [], []
    for path in _record_files(top):
        try:
            records.append(read_record(path))
        except (ValueError, OSError) as error:
            problems.append(
                f"{path} can't be used: {error}. Go on with that run by hand: "
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
        return [path.name.removesuffix(RECORD_ENDING) for path in files]
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


def _walker(values: Mapping[str, Any], folder: Path) -> WalkerSnapshot:
    known = {f.name: values[f.name] for f in fields(WalkerSnapshot) if f.name in values}
    structure = known["structure_file"]
    known |= {
        "state": RunState(known["state"]),
        "reached": tuple(known["reached"]),
        "trajectory_files": tuple(folder / path for path in known["trajectory_files"]),
        "structure_file": None if structure is None else folder / structure,
    }
    return WalkerSnapshot(**known)
