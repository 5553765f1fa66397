"""What ``grompp`` finds wrong with parameters, topology and structure."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import USUAL
from asyncmd_jupyter.triage.saying import Says

# More than the fatal error, which is only that there were some.
_MORE = USUAL + 10
_ERROR = r"^ERROR (?P<number>\d+) \[.*\]:\n"
_TOPOLOGY = "Look at the line of the topology that it names, and at what is included above it."


_says = Says("grompp", "gromacs", is_wrapped=True, numbered=_ERROR)

PATTERNS = (
    _says(
        "atom-count",
        r"^number of coordinates in coordinate file .* does not match topology.*",
        "Topology and structure differ",
        "The structure file has another number of atoms than the topology.",
        "Correct the numbers under [ molecules ] of the topology, for example of the water.",
        "Use the structure file that was made with this topology.",
    ),
    _says(
        "atom-names",
        r"^[^\S\n]*\d+ non-matching atom names?",
        "Atom names differ",
        "Names of atoms in the structure and in the topology are not the same.",
        "Compare the order of atoms and molecules in both files; they must be the same.",
        "If only names differ, grompp_extra_args='-maxwarn 1' accepts it.",
        priority=_MORE + 1,
    ),
    _says(
        "warnings",
        r"^Too many warnings \(\d+\)\.",
        "grompp warnings",
        "grompp has warned of something that is probably a mistake, and refuses to go on.",
        "Read each WARNING above and mend its cause in the parameters or the topology.",
        "Only if each is harmless: grompp_extra_args='-maxwarn N' with their number.",
        priority=_MORE,
        quote=r"^WARNING \d+ \[.*(?:\n.+)*",
    ),
    _says(
        "enum",
        r"^[^\S\n]*Invalid enum '.*' for variable .*",
        "Unknown value of a parameter",
        "A parameter of the mdp file has a value that GROMACS does not know.",
        "Choose one of those that it lists.",
    ),
    _says(
        "parameter",
        r"^[^\S\n]*Unknown left-hand '.*' in parameter file",
        "Unknown parameter",
        "The mdp file has a parameter that this version of GROMACS does not know.",
        "Correct its name or delete it; 'gmx mdrun -version' tells the version.",
        priority=_MORE + 1,
    ),
    _says(
        "include",
        r"^Topology include file \".*\" not found",
        "Include file missing",
        "The topology includes a file that is not there.",
        "Put the file beside the topology, or its folder into the mdp option 'include'.",
        "Force fields are looked for in GROMACS' own folder and in GMXLIB.",
    ),
    _says(
        "atomtype",
        r"^[^\S\n]*Atomtype .* not found",
        "Unknown atom type",
        "The topology uses an atom type that its force field does not define.",
        _TOPOLOGY,
        "The [ atomtypes ] of a ligand must be included before any [ moleculetype ].",
    ),
    _says(
        "moleculetype",
        r"^[^\S\n]*No such moleculetype .*",
        "Unknown molecule",
        "A name under [ molecules ] has no [ moleculetype ].",
        "Include the molecule's itp file, or correct the name; capital letters count.",
    ),
    _says(
        "directive",
        r"^[^\S\n]*Invalid directive .*",
        "Unknown section of the topology",
        "A section of the topology has a name that GROMACS does not know.",
        "Correct the name in the line that it names, such as [ system ] or [ molecules ].",
        "What else it says is mostly due to that: the lines below the name were misunderstood.",
    ),
    _says(
        "order",
        r"^[^\S\n]*Invalid order for directive .*",
        "Topology out of order",
        "A section of the topology stands in the wrong place.",
        _TOPOLOGY,
        "All parameters ([ atomtypes ] and so on) come before the first [ moleculetype ].",
        # An error that is told before it is the cause.
        priority=_MORE - 2,
    ),
    _says(
        "bonded",
        r"^[^\S\n]*No default .* types?$",
        "Missing parameters",
        "The force field has no parameters for a bond, angle or dihedral of the molecule.",
        _TOPOLOGY,
        "Give the parameters in that line, or use a force field that has them.",
    ),
    _says(
        "group",
        r"^Group .* referenced in the \.mdp file was not found.*",
        "Index group missing",
        "The mdp file names a group of atoms that is neither a molecule nor in the index file.",
        "Correct the name, or give the index file as ndx_file ('gmx make_ndx' makes one).",
    ),
    _says(
        "coupling",
        r"^[^\S\n]*Invalid \S+ coupling input: .*|^\d+ atoms are not part of any of the .* groups",
        "Coupling groups do not fit",
        "The groups for temperature or pressure coupling and their values do not fit together.",
        "Give one value of ref-t and tau-t for each of tc-grps; together they hold all atoms.",
    ),
    _says(
        "box",
        r"(?:cut-off(?: length)?|pair-list cut-off .*) is longer than half the shortest box vector",
        "Box too small for the cut-off",
        "The box is so small that atoms would see their own images within the cut-off.",
        "Use a larger box ('gmx editconf -d') or smaller cut-offs.",
    ),
    _says(
        "missing-file",
        r"^[^\S\n]*In command-line option -(?:f|c|p|n|t|r|rb|qmi)"
        r"\n[^\S\n]*File '.*' does not exist.*",
        "Input file missing",
        "grompp was given a file that does not exist or can't be read.",
        "Look at the path of gro_file, top_file and ndx_file, also after folders were moved.",
    ),
    _says(
        "error",
        r"^There (?:was|were) \d+ errors? in input file\(s\)|^ERROR \d+ \[.*",
        "grompp found an error",
        "grompp found errors in the parameters or the topology.",
        "Read each ERROR above: it names file and line.",
        priority=_MORE - 1,
        quote=r"^ERROR \d+ \[.*(?:\n.+)*",
    ),
)
