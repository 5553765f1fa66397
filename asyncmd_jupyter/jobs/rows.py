"""Records as text for the store and back."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources, ScriptTemplate

# What a later version has added is left out.
_FIELDS = frozenset(field.name for field in fields(JobRecord))


def to_text(record: JobRecord) -> str:
    """The record as JSON; also names that are no valid Unicode survive."""
    return json.dumps(vars(record), default=_plain)


def from_text(text: str, *, owner: str, cancel_requested: bool) -> JobRecord:
    """Read back what `to_text` gave; owner and intent are kept apart because others set them."""
    values: dict[str, Any] = json.loads(text)
    values |= {"owner": owner, "cancel_requested": cancel_requested}
    values["command"] = _command(values["command"])
    values["resources"] = _resources(values["resources"])
    values["folder"] = Path(values["folder"])
    values["state"] = JobState(values["state"])
    values["nodes"] = tuple(values["nodes"])
    for moment in ("submitted", "started", "ended", "queued"):
        text_or_none = values.get(moment)
        values[moment] = text_or_none and datetime.fromisoformat(text_or_none)
    return JobRecord(**{name: value for name, value in values.items() if name in _FIELDS})


def _plain(value: object) -> object:
    match value:
        case Path():
            return str(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case JobState():
            return value.value
        case Command() | Resources() | ScriptTemplate():
            return vars(value)
    raise TypeError(f"{value!r} can't be stored.")


def _command(values: dict[str, Any]) -> Command:
    values["argv"] = tuple(values["argv"])
    values["cwd"] = Path(values["cwd"])
    values["stop_codes"] = tuple(values.get("stop_codes", ()))
    if template := values.get("template"):
        values["template"] = ScriptTemplate(**template)
    if stdin := values.get("stdin"):
        values["stdin"] = Path(stdin)
    return Command(**values)


def _resources(values: dict[str, Any]) -> Resources:
    for name in ("time_limit", "notice"):
        seconds = values.get(name)
        values[name] = None if seconds is None else timedelta(seconds=seconds)
    return Resources(**values)
