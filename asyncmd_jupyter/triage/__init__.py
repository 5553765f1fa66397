"""Why something failed or waits, in plain words, from what programs and queues say."""

from __future__ import annotations

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.triage.diagnosis import Diagnosis
from asyncmd_jupyter.triage.pattern import Case, Pattern, Source
from asyncmd_jupyter.triage.service import Triage

__all__ = [
    "Case",
    "Diagnosis",
    "Pattern",
    "Source",
    "Triage",
    "diagnose",
    "diagnose_error",
    "explain_reason",
]


def diagnose(record: JobRecord) -> Diagnosis | None:
    """Say why a job failed, was interrupted or waits. Reads files: call it in a thread.

    Parameters
    ----------
    record : JobRecord

    Returns
    -------
    Diagnosis or None
        None for a job that is well. Of kind ``unknown``, with the last lines of its output,
        if it failed in a way that no pattern knows.
    """
    return Triage.current().diagnose(record)


def diagnose_error(error: BaseException, record: JobRecord | None = None) -> Diagnosis:
    """Explain an error. May read files: call it in a thread.

    Parameters
    ----------
    error : BaseException
        Such as `EngineCrashedError` or `OSError`.
    record : JobRecord, optional
        Of the job that it is about, whose files are read, too. Without it the folder that
        the message names is looked into.
    """
    return Triage.current().diagnose_error(error, record)


def explain_reason(text: str) -> str:
    """Say in one sentence what a queue means, and nothing if there is nothing to say.

    Parameters
    ----------
    text : str
        A word of Slurm, such as ``(QOSMaxCpuPerUserLimit)``, or the reason of a `JobRecord`.
        A sentence that is plain already comes back as it is.
    """
    return Triage.current().explain_reason(text)
