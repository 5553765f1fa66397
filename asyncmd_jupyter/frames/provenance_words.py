"""What records hold, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asyncmd_jupyter.frames.provenance_parents import Parent

_MOST_PARENTS = 8
_MOST_PARAMETERS = 60


def made_in_words(content: Mapping[str, Any]) -> str:
    """What made a file."""
    made = content.get("made", {})
    by = str(made.get("by", "unknown"))
    return _WORDS[by](made) if by in _WORDS else by


def rows_of(content: Mapping[str, Any], parents: Sequence[Parent]) -> list[tuple[str, str]]:
    """Names and texts of all that is known."""
    rows = [
        ("made by", made_in_words(content)),
        ("from", _parents(parents)),
        ("velocities", _velocities(content.get("velocities", {}))),
        ("frames", _frames(content.get("frames", {}))),
        ("engine", _engine(content.get("engine", {}))),
        ("parameters", _parameters(content.get("parameters", {}))),
        ("seeds", _pairs(content.get("seeds", {}))),
        ("of", _pairs(content.get("tags", {}))),
        ("job", _job(content.get("job", {}))),
        ("recorded", _written(content)),
        ("software", _pairs(content.get("software", {}))),
        ("changed", "\n".join(map(_change, content.get("changes", ())))),
    ]
    return [(name, text) for name, text in rows if text]


def parameters_in_words(section: Mapping[str, Any]) -> str:
    """What differs from the parent's parameters, in one line."""
    texts = [f"{key} = {value}" for key, value in section.get("set", {}).items()]
    return ", ".join([*texts, *(f"without {key}" for key in section.get("unset", ()))])


def _part(made: Mapping[str, Any]) -> str:
    last = made.get("last_step")
    end = "" if last is None else f" to {last}"
    return (
        f"part {made.get('part')} of {made.get('deffnm')}, from step {made.get('first_step')}{end}"
    )


def _extraction(made: Mapping[str, Any]) -> str:
    details = [text for name, text in made.items() if name in ("modification", "transformations")]
    return ", ".join(["extraction of a frame", *map(str, details)])


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "part": _part,
    "preparation": lambda made: f"preparation of {made.get('deffnm')}",
    "extraction": _extraction,
    "concatenation": lambda made: "concatenation",
    "join": lambda made: "join of the parts of a simulation",
    "path": lambda made: "join of the two halves of a shot",
    "constraints": lambda made: "fulfilling the constraints",
    "velocities": lambda made: "drawing velocities",
    "minimize": lambda made: "minimization of the energy",
    "recovery": lambda made: "recovery of the good frames of a damaged file",
}


def _parents(parents: Sequence[Parent]) -> str:
    told = [parent.describe() for parent in parents[:_MOST_PARENTS]]
    if len(parents) > _MOST_PARENTS:
        told.append(f"and {len(parents) - _MOST_PARENTS} more")
    return "\n".join(told)


def _velocities(told: Mapping[str, Any]) -> str:
    """What became of those of the start."""
    why = f" ({told['because']})" if told.get("because") else ""
    if told.get("from") == "drawn":
        return f"drawn at {told.get('temperature')} K{why}"
    return f"those of the start{why}" if told else ""


def _frames(span: Mapping[str, Any]) -> str:
    if not span:
        return ""
    steps = f"steps {span.get('first_step')} to {span.get('last_step')}"
    begin, end = span.get("first_time"), span.get("last_time")
    known = isinstance(begin, int | float) and isinstance(end, int | float)
    return f"{span.get('count')}, {steps}" + (f", {begin:g} to {end:g} ps" if known else "")


def _engine(engine: Mapping[str, Any]) -> str:
    names = ("class", "program", "version", "platform")
    return ", ".join(str(engine[name]) for name in names if engine.get(name))


def _parameters(section: Mapping[str, Any]) -> str:
    if section.get("mixed"):
        return "those of the parents, which differ"
    if not section:
        return ""
    if not section.get("full"):
        return parameters_in_words(section) or "those of the parent"
    given = list(section.get("set", {}).items())
    lines = [f"{key} = {value}" for key, value in given[:_MOST_PARAMETERS]]
    left = len(given) - len(lines)
    return "\n".join([*lines, *([f"and {left} more"] if left else [])])


def _job(job: Mapping[str, Any]) -> str:
    if not job:
        return ""
    native = f" ({job.get('launcher')} {job['native_id']})" if job.get("native_id") else ""
    nodes = f" on {', '.join(map(str, job.get('nodes', ())))}" if job.get("nodes") else ""
    span = " to ".join(str(job[name]) for name in ("started", "ended") if job.get(name))
    state = f", {job['state']}" if job.get("state") else ""
    return f"{job.get('id')}{native}{nodes}{', ' + span if span else ''}{state}"


def _written(content: Mapping[str, Any]) -> str:
    who = "@".join(str(content[name]) for name in ("user", "host") if content.get(name))
    return f"{content.get('written', '')} by {who}" if who else str(content.get("written", ""))


def _change(change: Mapping[str, Any]) -> str:
    return f"{made_in_words({'made': change})} ({change.get('written', '')})"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
