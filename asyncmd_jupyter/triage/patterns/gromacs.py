"""What ``mdrun`` says when a simulation blows up or can't begin."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import EXACT, USUAL
from asyncmd_jupyter.triage.saying import Says

_SMALLER = "Make the time step smaller (dt), at least at the beginning."
_MINIMIZE = "Minimize the start (engine.apply_constraints, 'integrator = steep') and equilibrate."
_LOOK = "Look at the atoms that it names in the start: overlaps, wrong bonds, a box too small."
_AGAIN = "Start the run in a fresh folder, or remove all of its parts (remove_parts)."


_says = Says("gromacs", "gromacs", is_wrapped=True)

_BLOWN_UP = (
    _says(
        "lincs",
        r"^Too many (?:LINCS|SHAKE) warnings \(\d+\)|^Step \d+, time .*(?:LINCS|SHAKE) WARNING$"
        r"(?:\n.*){0,2}",
        "Constraints can't be fulfilled",
        "Bonds are stretched so much that LINCS can't restore them: the simulation blows up.",
        _SMALLER,
        _MINIMIZE,
        _LOOK,
        # Where it began tells more than the last one, in which all atoms are lost.
        quote=r"^Step \d+, time .*(?:LINCS|SHAKE) WARNING\n(?:.+\n?){1,6}",
    ),
    _says(
        "energy",
        r"The total potential energy is (?:-?nan|-?inf|-?\d\S*), which is (?:not finite|extremely"
        r" high)|^[^\S\n]*Potential Energy\s+=\s+-?nan",
        "Energy is not finite",
        "The forces have got so large that the energy is no number any more: atoms overlap.",
        _MINIMIZE,
        _SMALLER,
        _LOOK,
        priority=EXACT + 1,
    ),
    _says(
        "settle",
        r"(?:water molecules?|Water molecule starting at atom \d+) can(?:not| not) be settled",
        "Water is torn apart",
        "Forces on water molecules are so large that they can't be kept rigid.",
        _MINIMIZE,
        _SMALLER,
        "Look for overlaps where water was added ('gmx solvate' after the box was changed).",
        priority=EXACT - 1,
    ),
    _says(
        "pressure",
        r"[Pp]ressure scaling more than 1%",
        "Pressure coupling is too strong",
        "The box changes by more than 1 % at once: the system is far from its pressure.",
        "Equilibrate with constant volume first, then with tau-p of 5 ps or more.",
        "Check 'compressibility' and the density of the start.",
        priority=EXACT - 2,
    ),
    _says(
        "distance",
        r"1-4 interaction between \d+ and \d+ at distance .* larger than the 1-4 table size"
        r"|Listed nonbonded interaction between particles \d+ and \d+",
        "Bonded atoms far apart",
        "Atoms that are three bonds apart have got far from each other: the simulation blows up.",
        _MINIMIZE,
        _SMALLER,
        "A molecule that is broken over the box is made whole with 'gmx trjconv -pbc whole'.",
        priority=EXACT - 3,
    ),
    _says(
        "moved",
        r"particles? .*moved? (?:more|further) than|An atom moved too far between two domain"
        r"|The X-size of the box .* is smaller than the number of DD cells",
        "Atoms move too far",
        "Atoms move so far between two steps that the domains can't keep up: it blows up.",
        _MINIMIZE,
        _SMALLER,
        priority=EXACT - 2,
    ),
)

_RESOURCES = (
    _says(
        "domains",
        r"There is no domain decomposition for \d+ ranks|The initial cell size \(.*\) is smaller"
        r" than the cell size limit|^The number of ranks .* contains a large prime factor"
        r"|Domain decomposition .* not (?:support|implement)|smaller than the cell size limit",
        "Too many ranks for the box",
        "The box can't be divided among so many ranks of MPI.",
        "Use fewer ranks and more threads each: mdrun_extra_args='-ntmpi 1 -ntomp 8'.",
        "Without thread options a run gets one rank with a fair share of the cores.",
    ),
    _says(
        "threads",
        r"OMP_NUM_THREADS \(\d+\) and the number of threads requested.*(?:\n.*){0,2}"
        r"|The total number of threads requested \(\d+\)|^.*Setting the (?:total )?number of"
        r" (?:thread-MPI ranks|threads) is only supported|is not supported with this .*rank count",
        "Thread options contradict",
        "The numbers of threads on the command line and in the environment do not fit together.",
        "Give -ntmpi and -ntomp only, and leave OMP_NUM_THREADS out of the sbatch script.",
        "With a GROMACS that was built for MPI the ranks come from srun or mpirun: leave -nt out.",
    ),
    _says(
        "no-gpu",
        r"on the GPU were requested .*but"
        r"|no (?:compatible )?GPUs? (?:(?:is|are|were|was) )?detected"
        r"|built without GPU support|GPU ID .* (?:not available|are not compatible)",
        "No GPU",
        "mdrun was told to use a GPU, and this machine or this GROMACS has none.",
        "Ask for one with sbatch_options={'gres': 'gpu:1'}, or leave -nb gpu out.",
        "Load a GROMACS that was built with GPU support; 'gmx -version' tells.",
    ),
)

_INPUT = (
    _says(
        "option",
        r"^[^\S\n]*Unknown command-line option .*|^[^\S\n]*Invalid value: ",
        "Unknown option",
        "mdrun or grompp does not know one of the options that it was given.",
        "Correct mdrun_extra_args or grompp_extra_args; 'gmx help mdrun' lists the options.",
    ),
    _says(
        "input-missing",
        r"^[^\S\n]*In command-line option -(?:s|cpi|ei|rerun|table\w*)"
        r"\n[^\S\n]*File '.*' does not exist.*",
        "Run input missing",
        "The tpr file, or another that mdrun reads, is gone.",
        "If files were moved, set engine.workdir or prepare_from_files() there.",
        _AGAIN,
    ),
    _says(
        "input-version",
        r"^reading tpx file \(.*\) version \d+ with version \d+ program",
        "Other version of GROMACS",
        "The tpr file was made by a newer GROMACS than the one that shall run it.",
        "Load the same GROMACS here and in the sbatch script ('module load …').",
    ),
    _says(
        "checkpoint-other",
        r"^Checkpoint file is for a system of \d+ atoms|^Cannot change a simulation algorithm"
        r" during a checkpoint restart|^The .* in the checkpoint file does not match",
        "Checkpoint of another system",
        "The checkpoint does not belong to this tpr file.",
        _AGAIN,
    ),
    _says(
        "checkpoint-torn",
        r"^Checkpoint file corrupted/truncated.*|^(?:Failed|Cannot|Can not) (?:to )?(?:open|read)"
        r" checkpoint.*|^Attempted to read a checkpoint",
        "Checkpoint is damaged",
        "The checkpoint is not whole, such as after a full disk or a crash of the machine.",
        "Go on: the one before it, NAME_prev.cpt, is taken then.",
        "Look whether the disk is full.",
    ),
    _says(
        "appending",
        r"^Some output files listed in the checkpoint file .* are not present.*"
        r"|^File '.*' (?:was )?(?:modified|changed) since|^Cannot append .*",
        "Old output is missing",
        "mdrun shall go on with files that are gone or were changed.",
        "Bring the files back, or use -noappend in scripts of your own.",
        _AGAIN,
    ),
)

_GENERAL = (
    _says(
        "fatal",
        r"^(?:Fatal error|Error in user input|Inconsistency in user input|Software inconsistency"
        r" error|Internal error \(bug\)|Feature not implemented|Parallel consistency error"
        r"|File input/output error|System I/O error|Standard library logic error \(bug\)):"
        r"\n(?:.+\n){1,4}",
        "GROMACS failed",
        "GROMACS gave up with the error that is shown.",
        "Look for the message at https://manual.gromacs.org/current/user-guide/run-time-errors.html.",
        priority=USUAL + 7,
    ),
)

PATTERNS = (*_BLOWN_UP, *_RESOURCES, *_INPUT, *_GENERAL)
