"""What shells, dynamic linkers and environment modules say before a program begins."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import EXACT, LAST, MACHINE, USUAL, Case, Pattern

_LOAD = "Load what it needs in sbatch_script before the command: 'module load gromacs'."

# Scripts complain about much that does no harm: what the program itself says counts more.
_NOISE = USUAL + 5
_NOT_STARTED = (None, 126, 127)
_HAS_STARTED = ("Program:     gmx", "starting mdrun", "Traceback (most recent call last)")


def _did_not_start(case: Case) -> bool:
    return case.exit_code in _NOT_STARTED


def _has_no_program(case: Case) -> bool:
    """Modules that fail end scripts with ``set -e`` with a code of their own."""
    said = (source.text for source in case.sources)
    return _did_not_start(case) or not any(word in text for text in said for word in _HAS_STARTED)


PATTERNS = (
    Pattern(
        kind="shell-module-command",
        text=r"\bmodule: (?:command )?not found|\bml: command not found",
        title="No module command",
        meaning="The script's shell does not know 'module', because it is no login shell.",
        remedies=(
            "Begin sbatch_script with '#!/bin/bash -l', or source the init file of the modules.",
        ),
        priority=EXACT + 2,
        when=_did_not_start,
    ),
    Pattern(
        kind="shell-module",
        text=r"Lmod has detected the following error:|The following module\(s\) are unknown"
        r"|ERROR: Unable to locate a modulefile for|Unable to locate a modulefile for"
        r"|ERROR: .* cannot be loaded due to|ModuleCmd_Load\.c",
        title="Module can't be loaded",
        meaning="'module load' in the script names a module that is not there or clashes.",
        remedies=(
            "'module avail' and 'module spider NAME' on that cluster list what there is.",
            "Begin with 'module purge' where modules clash.",
        ),
        # The program that is missing then is what follows from it.
        priority=EXACT + 2,
        when=_has_no_program,
    ),
    Pattern(
        kind="shell-conda",
        text=r"^CommandNotFoundError: Your shell has not been properly configured|^EnvironmentName"
        r"NotFound: |^Could not find conda environment: .*|^EnvironmentLocationNotFound: ",
        title="Conda environment not there",
        meaning="The script could not activate its conda environment.",
        remedies=(
            "Write 'source $(conda info --base)/etc/profile.d/conda.sh' before 'conda activate'.",
            "Or use the full path of the environment's python.",
        ),
        priority=EXACT + 2,
        when=_has_no_program,
    ),
    Pattern(
        kind="shell-not-found",
        text=r"^.*: (?:line \d+: )?(?:exec: )?\S+: (?:command )?not found$"
        r"|^(?:slurmstepd\S*|srun): error: execve\(\): .*: No such file or directory"
        r"|^(?!.*\bcd: ).*: (?:line \d+: )?\S+/\S+: No such file or directory$",
        title="Program not found",
        meaning="The shell finds no program of this name.",
        remedies=(
            _LOAD,
            "Or give the full path of the program, such as mdrun_executable='/opt/…/gmx mdrun'.",
        ),
        priority=EXACT,
        when=_did_not_start,
    ),
    Pattern(
        kind="shell-permission",
        text=r"^.*: (?:line \d+: )?\S+: (?:Permission denied|Is a directory"
        r"|cannot execute(?:: .*)?)$"
        r"|^(?:slurmstepd\S*|srun): error: execve\(\): .*: Permission denied",
        title="Program can't be executed",
        meaning="The program is there, but may not be executed, or is none.",
        remedies=("'chmod +x FILE'; some file systems (noexec) allow no programs at all.",),
        priority=_NOISE,
    ),
    Pattern(
        kind="shell-interpreter",
        text=r"bad interpreter: .*|\benv: .*: No such file or directory$|required file not found$",
        title="Interpreter missing",
        meaning="The first line of a script (#!…) names a program that is not there.",
        remedies=(
            "Correct that line; an environment that was moved or deleted is often the cause.",
            "A file from Windows has '\\r' at the end of that line: 'dos2unix FILE'.",
        ),
        priority=_NOISE + 1,
    ),
    Pattern(
        kind="shell-format",
        text=r"[Ee]xec format error|cannot execute binary file",
        title="Program for another machine",
        meaning="The program was built for another kind of machine, or is no program.",
        remedies=("Load the build for these nodes; a script needs a first line with '#!'.",),
        priority=_NOISE + 1,
    ),
    Pattern(
        kind="shell-library",
        text=r"error while loading shared libraries: .*|: version `.*' not found \(required by .*"
        r"|cannot open shared object file: No such file or directory|symbol lookup error: .*",
        title="Library missing",
        meaning="The program needs a shared library that is not there or is too old.",
        remedies=(
            _LOAD,
            "Use the same modules with which the program was built; 'ldd PROGRAM' lists them.",
        ),
        priority=_NOISE + 1,
    ),
    Pattern(
        kind="shell-syntax",
        text=r"^.*: line \d+: (?:syntax error|unexpected EOF|.*: unbound variable).*",
        title="Mistake in the script",
        meaning="The shell does not understand a line of the script.",
        remedies=("'bash -n SCRIPT' checks it; the line is named.",),
        priority=_NOISE,
    ),
    Pattern(
        kind="shell-folder",
        text=r"^.*: (?:line \d+: )?cd: .*: (?:No such file or directory|Not a directory|Permission"
        r" denied)$|slurmstepd\S*: error: couldn't chdir to .*",
        title="Work folder missing",
        meaning="The folder in which it shall run is not there, or not on its node.",
        remedies=("Use a folder on a file system that all nodes see.",),
        priority=_NOISE + 1,
    ),
    Pattern(
        kind="shell-mpi",
        text=r"There are not enough slots available in the system|mpirun was unable to launch"
        r"|PMI2?_Init failed|MPI_Init.* failed|An ORTE daemon has unexpectedly failed",
        title="MPI can't start",
        meaning="mpirun or srun could not start the ranks of the program.",
        remedies=(
            "Ask for as many tasks as ranks: sbatch_options={'ntasks': N}.",
            "Start it with srun where MPI was built for Slurm.",
        ),
        priority=EXACT,
    ),
    Pattern(
        kind="shell-claimed",
        text=r"^This job is run elsewhere already, or not any more: .*",
        title="Started twice",
        meaning="The job got into the queue twice; this copy ended at once, as it should.",
        remedies=("Nothing has to be done: the other one does the work.",),
        priority=MACHINE,
    ),
    Pattern(
        kind="shell-code-127",
        codes=(127,),
        title="Program not found",
        meaning="It ended with exit code 127: a program, or a library of one, was not found.",
        remedies=(_LOAD,),
        priority=LAST,
    ),
    Pattern(
        kind="shell-code-126",
        codes=(126,),
        title="Program can't be executed",
        meaning="It ended with exit code 126: a file is there, but can't be executed.",
        remedies=("'chmod +x FILE'; look at its first line (#!…).",),
        priority=LAST,
    ),
)
