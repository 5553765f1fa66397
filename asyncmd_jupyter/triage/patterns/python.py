"""Python programs, functions of users, and signals."""

from __future__ import annotations

import signal

from asyncmd_jupyter.triage.pattern import EXACT, GENERAL, LAST, USUAL, Pattern

# A shell, Python and srun name a signal in the same words.
_BEFORE = r".*: line \d+: +\d+ |Fatal Python error: |srun: error: .*: task \S+: "
_SAME = "Use the same environment in jobs as here: activate it in sbatch_script."


def _by_signal(
    kind: str, number: int, words: str, title: str, meaning: str, *remedies: str
) -> Pattern:
    """A program that was ended by a signal, as its exit code or a shell says."""
    return Pattern(
        kind=f"signal-{kind}",
        text=rf"^(?:{_BEFORE})?(?:{words})",
        codes=(-number, 128 + number),
        title=title,
        meaning=meaning,
        remedies=remedies,
        priority=LAST + 2,
    )


_PYTHON = (
    Pattern(
        kind="python-module",
        text=r"^(?:ModuleNotFoundError|ImportError): No module named .*|: No module named \S+$",
        title="Python package missing",
        meaning="A program imports a Python package that its environment does not have.",
        remedies=(_SAME, "Install the package there, or correct PYTHONPATH."),
        priority=EXACT,
    ),
    Pattern(
        kind="python-import",
        text=r"^ImportError: (?!No module).*",
        title="Python package can't be loaded",
        meaning="A Python package is there, but is broken or does not fit to another one.",
        remedies=(_SAME, "Install it anew, with versions that fit together."),
        priority=EXACT - 1,
    ),
    Pattern(
        kind="python-syntax",
        text=r"^(?:SyntaxError|IndentationError|TabError): .*",
        title="Python does not understand the code",
        meaning="The program has a mistake in its spelling, or is for a newer Python.",
        remedies=("Look at the line that it names; 'python --version' in the job tells which.",),
        priority=EXACT - 1,
    ),
    Pattern(
        kind="python-error",
        text=r"^Traceback \(most recent call last\):\n(?:(?:[ \t].*)?\n)*\S.*",
        title="Python program failed",
        meaning="A Python program, or a function of yours in it, raised the error that is shown.",
        remedies=(
            "The last line says what, the one above it where.",
            "Try the same program or function here on the same trajectory.",
        ),
        priority=GENERAL,
    ),
)

_SIGNALS = (
    _by_signal(
        "segfault",
        signal.SIGSEGV,
        "Segmentation fault",
        "Crashed (segmentation fault)",
        "The program used memory that is not its own: a bug, or a simulation that blew up.",
        "Look for the first warning in its log; a smaller time step shows whether it blew up.",
        "If it happens at once: program and libraries may not fit to each other.",
    ),
    _by_signal(
        "illegal",
        signal.SIGILL,
        "Illegal instruction",
        "Wrong kind of CPU",
        "The program was built for another kind of CPU than the one of its node.",
        "Load the build for these nodes, or choose nodes with the option 'constraint'.",
    ),
    _by_signal(
        "abort",
        signal.SIGABRT,
        r"Aborted\b|terminate called after throwing",
        "Aborted",
        "The program gave up by itself; its last lines tell why.",
        "Read the lines before; an exception of a library is often named there.",
    ),
    _by_signal(
        "bus",
        signal.SIGBUS,
        "Bus error",
        "Crashed (bus error)",
        "A file that it had in memory got shorter, or /dev/shm or the disk is full.",
        "Look at 'df -h . /dev/shm' on the node.",
    ),
    _by_signal(
        "float",
        signal.SIGFPE,
        "Floating point exception",
        "Crashed (floating point)",
        "The program divided by zero or the like: usually a simulation that blew up.",
        "Make the time step smaller; minimize the start.",
    ),
    _by_signal(
        "cpu-time",
        signal.SIGXCPU,
        "CPU time limit exceeded",
        "CPU time is used up",
        "It used more CPU time than a limit of the machine allows (ulimit -t).",
        "Run it as a job of the queue; login nodes often have such a limit.",
    ),
    _by_signal(
        "terminated",
        signal.SIGTERM,
        r"Terminated\b",
        "Ended from outside",
        "Something asked it to end (SIGTERM): a person, a shutdown, or the queue.",
        "Ask whether the machine was restarted; go on with 'resume'.",
    ),
    _by_signal(
        "hangup",
        signal.SIGHUP,
        r"Hangup\b",
        "Its terminal was closed",
        "It ended when the session was closed in which it was started (SIGHUP).",
        "Start JupyterLab with nohup, in tmux, or as a job.",
    ),
)

_WORKER = (
    Pattern(
        kind="python-worker",
        text=r"^FunctionCrashedError: .*",
        title="Function's process died",
        meaning="The process in which a function was evaluated ended without a result.",
        remedies=(
            "It may have used too much memory, called os._exit, or crashed in a library.",
            "Call the function here on the same trajectory.",
        ),
        priority=USUAL,
    ),
)

PATTERNS = (*_PYTHON, *_SIGNALS, *_WORKER)
