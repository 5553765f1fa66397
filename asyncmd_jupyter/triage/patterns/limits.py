"""What ran out: time, memory, disk, open files."""

from __future__ import annotations

import errno
import os

from asyncmd_jupyter.triage.pattern import ENDED, EXACT, LAST, MACHINE, Case, Pattern

_FREE = "Free some space: parts that are not needed any more can go with remove_parts()."
_SPARE = "Write fewer frames (nstxout-compressed, nstout), or no velocities."

_LITTLE = 64 * 1024


def _has_no_space(case: Case) -> bool:
    """A job whose disk is full can't even write that."""
    if case.record is None or not case.record.state.is_final:
        return False
    try:
        disk = os.statvfs(case.record.folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _LITTLE


PATTERNS = (
    Pattern(
        kind="limit-time",
        title="Time limit reached",
        meaning="It ran as long as it was allowed to, and was ended.",
        remedies=(
            "For a run nothing has to be done as long as its parts get anywhere.",
            "Allow more with walltime_per_part or the sbatch option 'time'.",
        ),
        text=r"^slurmstepd\S*: error: \*\*\* .*CANCELLED AT .* DUE TO TIME LIMIT \*\*\*",
        reason=r"TIMEOUT$|It reached its time limit",
        priority=ENDED,
    ),
    Pattern(
        kind="limit-notice",
        title="Time limit near, state saved",
        meaning="It was asked to stop shortly before its time limit, and saved its state.",
        remedies=("Nothing has to be done; a longer walltime_per_part means fewer parts.",),
        reason=r"NOTICE$|It was asked to stop because its time limit",
        priority=ENDED,
    ),
    Pattern(
        kind="limit-memory",
        title="Out of memory",
        meaning="It needed more memory than it was allowed to use, and was ended or refused it.",
        remedies=(
            "Ask for more with the sbatch option 'mem' or 'mem-per-cpu'.",
            "On this machine, run fewer things at once (config.set_max_cores, set_max_process).",
        ),
        text=r"(?i)^slurmstepd\S*: error: .*(?:oom.kill|exceeded .*memory limit|out of memory)"
        r"|oom_kill event|^srun: error: .*: Out Of Memory"
        r"|^[^\S\n]*MemoryError\b|std::bad_alloc|Cannot allocate memory"
        r"|Unable to allocate [\d.]+ .?i?B|Not enough memory\. Failed to (?:re|m|c)alloc"
        r"|failed to map segment from shared object$|OutOfMemoryError|out of memory \(2\)"
        r"|^Out of memory: Killed process",
        reason=r"OUT_OF_MEMORY$|It needed more memory",
        errnos=(errno.ENOMEM,),
        priority=MACHINE,
    ),
    Pattern(
        kind="limit-killed",
        title="Killed",
        meaning="Something killed it at once (SIGKILL): memory that ran out, or a person.",
        remedies=(
            "'dmesg' or 'journalctl -k' on its node tells whether the kernel did it ('Out of"
            " memory: Killed process').",
            "Ask for more memory, or run fewer things at once.",
        ),
        text=r"^(?:.*: line \d+: +\d+ |srun: error: .*: task \S+: )?Killed\b",
        codes=(-9, 137),
        priority=LAST + 1,
    ),
    Pattern(
        kind="limit-quota",
        title="Disk quota exceeded",
        meaning="You may not store more on this file system, although it is not full.",
        remedies=(_FREE, "'quota -s' or the cluster's own command tells how much is used.", _SPARE),
        text=r"(?i)disk quota exceeded",
        errnos=(errno.EDQUOT,),
        priority=MACHINE + 1,
    ),
    Pattern(
        kind="limit-disk",
        title="Disk full",
        meaning="The file system to which it writes is full.",
        remedies=(_FREE, "'df -h .' in the work folder tells how full it is.", _SPARE),
        text=r"(?i)no space left on device|^.*there is no room on the file system "
        r"|Cannot (?:write|flush|close)\b[^.]{0,80}maybe\s+you\s+are\s+out\s+of\s+disk\s+space",
        errnos=(errno.ENOSPC,),
        priority=MACHINE,
    ),
    Pattern(
        kind="limit-disk-now",
        title="Disk full",
        meaning="The file system of its folder is full now, so it could hardly write anything.",
        remedies=(_FREE, "'df -h .' in the work folder tells how full it is.", _SPARE),
        when=_has_no_space,
        priority=LAST + 5,
    ),
    Pattern(
        kind="limit-file-size",
        title="File too large",
        meaning="A file got larger than a limit (ulimit -f) or its file system allows.",
        remedies=("Raise the limit, or write shorter parts (walltime_per_part).",),
        text=r"(?i)file too large|file size limit exceeded",
        codes=(-25,),
        errnos=(errno.EFBIG,),
        priority=EXACT,
    ),
    Pattern(
        kind="limit-files",
        title="Too many open files",
        meaning="This process or this machine has as many files open as it may have.",
        remedies=(
            "config.set_max_files_open(n) lets this library use fewer.",
            "'ulimit -n' tells how many a process may have open; raise it before the start.",
        ),
        text=r"(?i)too many open files",
        errnos=(errno.EMFILE, errno.ENFILE),
        priority=MACHINE,
    ),
    Pattern(
        kind="limit-processes",
        title="Too many processes",
        meaning="No more processes or threads may be started here (ulimit -u).",
        remedies=("Run fewer things at once, with fewer threads each (OMP_NUM_THREADS).",),
        text=r"(?i)fork: (?:retry: )?resource temporarily unavailable|can't start new thread"
        r"|thread creation failed|pthread_create failed",
        priority=MACHINE,
    ),
    Pattern(
        kind="limit-stack",
        title="Stack too small",
        meaning="It ran out of stack, the memory for nested calls.",
        remedies=("Look for a function that calls itself without end; else raise 'ulimit -s'.",),
        text=r"(?i)stack overflow|^RecursionError: maximum recursion depth exceeded",
        priority=EXACT,
    ),
)
