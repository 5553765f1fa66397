"""What the library does by itself when a job ends or waits, in words."""

from __future__ import annotations

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.command import FILES_TAG
from asyncmd_jupyter.jobs.model import JobRecord, JobState

# Tag of the jobs that evaluate functions on trajectories; that room is above this one.
FUNCTION_TAG = "function"

WAITS = "It starts by itself as soon as the queue lets it, and nothing is lost by waiting."
HELD_HERE = "It starts by itself as soon as there is room, in the order in which jobs came."
STUCK = "It will not start by itself: cancel it, or let the cause be mended."
_CANCELLED = "What was cancelled is not started again by itself."
_FAILED = "It is not repeated: the same command would fail again."
_KEPT = (
    " The parts that were computed before are kept: {}go on with '%asyncmd resume' or"
    " continuation=True."
)
_MENDED = "when the cause is mended, "
_INTERRUPTED = (
    "An interruption is no failure: the run goes on from the last checkpoint in a new job by"
    " itself, until {limit} parts in a row took no step (config.set_max_fruitless_parts)."
)
_FUNCTION = (
    "The evaluation is repeated in a new job, a few times at most (max_attempts of the function)."
)
_ALONE = "It is not repeated by itself: nobody knows whether its command may run twice."


def policy_for(record: JobRecord | None) -> str:
    """What happens next with a job by itself."""
    if record is None:
        return ""
    if record.state is JobState.WAITING:
        return HELD_HERE
    if not record.state.is_final:
        return WAITS if record.state is JobState.PENDING else ""
    is_part = FILES_TAG in record.tags
    if record.interrupted:
        return _after_interruption(record, is_part)
    if record.state is JobState.CANCELLED:
        return _CANCELLED + (_KEPT.format("") if is_part else "")
    return _FAILED + (_KEPT.format(_MENDED) if is_part else "")


def _after_interruption(record: JobRecord, is_part: bool) -> str:
    if is_part:
        return _INTERRUPTED.format(limit=runtime.current().settings.max_fruitless_parts)
    if FUNCTION_TAG not in record.tags:
        return _ALONE
    return _FAILED if record.cause == "TIMEOUT" else _FUNCTION
