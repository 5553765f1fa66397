"""Molecules with repartitioned masses and constraints, many of them and without forces.

Each is a heavy atom of 8 amu with two hydrogens of 3 amu, all at fixed distances, as water is
with heavy hydrogens (which OpenMM makes ready in a moment: of other shapes that takes the square
of their number). How much kinetic energy hydrogens and heavy atoms have is
known exactly: half of kT for each degree of freedom, shared as the masses say.

Sample size: `N_DRAWS` draws of `N_MOLECULES` molecules have 178,000 degrees of freedom, so that
the temperature of all atoms has a statistical error of 0.34 %. Tolerance: four such errors,
1.4 %, for all atoms, hydrogens and heavy atoms each. False alarms: 6 in 10^5 for each of these
numbers, and none with the fixed seeds that have passed once. A mistake of 2 % is seen with a
probability of 96 %, one of 3 % with all but certainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.read import Frame

K = 0.00831446261815324  # kJ/(mol K)
N_MOLECULES, N_DRAWS = 14_850, 2
SIGMAS = 4.0
MASSES = np.array([8.0, 3.0, 3.0])
SHAPE = np.array([[0, 0, 0], [0.06, 0.08, 0], [0.06, -0.08, 0]])  # nm
PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
LENGTHS = (0.1, 0.1, 0.16)  # nm
IS_HYDROGEN = np.array([False, True, True])
KINDS = {"hydrogens": IS_HYDROGEN, "heavy": ~IS_HYDROGEN, "all": np.ones(3, bool)}
NAMES = ("C", "H1", "H2")
N_IN_CHAIN = 9000  # PDB has room for four digits


def masses() -> np.ndarray:
    return np.tile(MASSES, N_MOLECULES)


def positions() -> np.ndarray:
    side = int(np.ceil(N_MOLECULES ** (1 / 3)))
    places = 0.5 * np.indices((side, side, side)).reshape(3, -1).T[:N_MOLECULES]
    return (places[:, None, :] + SHAPE + 0.2).reshape(-1, 3)


def box_length() -> float:
    return 0.5 * int(np.ceil(N_MOLECULES ** (1 / 3))) + 1.0


def degrees_of_freedom(*, constrained: bool = True) -> dict[str, float]:
    """Of hydrogens, heavy atoms and all of them, without motion of the whole."""
    projector = np.eye(9)
    if constrained:
        rows = np.zeros((3, 3, 3))
        for row, (i, j) in zip(rows, PAIRS, strict=True):
            along = SHAPE[i] - SHAPE[j]
            row[i], row[j] = along / np.sqrt(MASSES[i]), -along / np.sqrt(MASSES[j])
        matrix = rows.reshape(3, 9)
        projector -= np.linalg.pinv(matrix) @ matrix
    of_atoms = np.diag(projector).reshape(3, 3).sum(axis=1)
    counts = {}
    for name, chosen in KINDS.items():
        of_whole = 3 * MASSES[chosen].sum() / MASSES.sum()
        counts[name] = N_MOLECULES * float(of_atoms[chosen].sum()) - of_whole
    return counts


def temperatures(drawn: Sequence[np.ndarray], *, constrained: bool = True) -> dict[str, float]:
    """Of hydrogens, heavy atoms and all of them, over all draws."""
    energies = np.mean([masses() * (v**2).sum(axis=1) for v in drawn], axis=0)
    of_kinds = energies.reshape(N_MOLECULES, 3).sum(axis=0)
    degrees = degrees_of_freedom(constrained=constrained)
    return {
        name: float(of_kinds[chosen].sum() / (degrees[name] * K)) for name, chosen in KINDS.items()
    }


def tolerances(n_draws: int, *, constrained: bool = True) -> dict[str, float]:
    """Relative ones of `temperatures`."""
    degrees = degrees_of_freedom(constrained=constrained)
    return {name: SIGMAS * float(np.sqrt(2 / (n_draws * n))) for name, n in degrees.items()}


def problems(
    frames: Sequence[Frame],
    temperature: float,
    *,
    constrained: bool = True,
    most_along: float = 1e-3,
) -> list[str]:
    """What is wrong with the velocities of frames; nothing if all is right.

    `most_along` is the largest velocity along a constraint in nm/ps; without constraints it
    is 5 nm/ps.
    """
    drawn = [frame.velocities for frame in frames]
    allowed = tolerances(len(drawn), constrained=constrained)
    found = [
        f"{name}: {kelvin:.1f} K instead of {temperature:g} K"
        for name, kelvin in temperatures(drawn, constrained=constrained).items()
        if abs(kelvin / temperature - 1) > allowed[name]
    ]
    whole = max(float(np.abs(masses() @ v).max()) for v in drawn) / masses().sum()
    if whole > 1e-5:
        found.append(f"the whole moves with {whole:.2g} nm/ps")
    if constrained and (along := max(map(_along, frames))) > most_along:
        found.append(f"atoms move along constraints with {along:.2g} nm/ps")
    if len({v.tobytes() for v in drawn}) < len(drawn):
        found.append("some draws are equal")
    return found


def _along(frame: Frame) -> float:
    """The largest velocity along a constraint."""

    def between(values: np.ndarray) -> np.ndarray:
        molecules = values.reshape(N_MOLECULES, 3, 3)
        return molecules[:, PAIRS[:, 0]] - molecules[:, PAIRS[:, 1]]

    apart = between(frame.positions)
    apart -= box_length() * np.round(apart / box_length())
    units = apart / np.linalg.norm(apart, axis=2, keepdims=True)
    return float(np.abs((between(frame.velocities) * units).sum(axis=2)).max())


@cache
def openmm_parts(n_molecules: int):
    """System and topology, made once."""
    import openmm
    from openmm import app

    system, topology = openmm.System(), app.Topology()
    elements = [app.Element.getBySymbol(name[0]) for name in NAMES]
    for molecule in range(n_molecules):
        if molecule % N_IN_CHAIN == 0:
            chain = topology.addChain(chain_of(molecule))
        residue = topology.addResidue("MOL", chain, str(molecule % N_IN_CHAIN + 1))
        first = 3 * molecule
        for name, element, mass in zip(NAMES, elements, MASSES, strict=True):
            system.addParticle(mass)
            topology.addAtom(name, element, residue)
        for (i, j), length in zip(PAIRS.tolist(), LENGTHS, strict=True):
            system.addConstraint(first + i, first + j, length)
    system.addForce(openmm.CMMotionRemover())
    return system, topology


def chain_of(molecule: int) -> str:
    return "ABC"[molecule // N_IN_CHAIN]


def pdb_text() -> str:
    """It lets every mass be guessed wrong: C 12.011 and H 1.008."""
    lines = []
    for number, (x, y, z) in enumerate(10 * positions()):
        name, molecule = NAMES[number % 3], number // 3
        chain, residue = chain_of(molecule), molecule % N_IN_CHAIN + 1
        lines.append(
            f"ATOM  {number + 1:5d}  {name:<3} MOL {chain}{residue:4d}    {x:8.3f}{y:8.3f}{z:8.3f}"
            f"  1.00  0.00           {name[0]}  "
        )
    return "\n".join([*lines, "END", ""])


def openmm_engine(folder: Path, **changes) -> OpenMMEngine:
    structure = folder / "heavy.pdb"
    structure.write_text(pdb_text())
    changes = {"structure_file": structure, **changes}
    options = {"nstout": 1, "seed": 5, "timestep": 0.004, "platform": "Reference", **changes}
    return OpenMMEngine(*openmm_parts(N_MOLECULES), positions(), **options)


TOPOLOGY = """[ defaults ]
1 2 no 1.0 1.0
[ atomtypes ]
X 6 8.0 0.0 A 0.0 0.0
Y 1 3.0 0.0 A 0.0 0.0
[ moleculetype ]
MOL 3
[ atoms ]
1 X 1 MOL C 1 0.0 8.0
2 Y 1 MOL H1 1 0.0 3.0
3 Y 1 MOL H2 1 0.0 3.0
[ settles ]
1 1 0.1 0.16
[ system ]
heavy hydrogens
[ molecules ]
MOL {n}
"""


def gromacs_engine(folder: Path, **changes) -> GmxEngine:
    """The same in GROMACS; `changes` are those of the parameters.

    With short steps: velocities of mdrun are half a step away from the positions.
    """
    lines = ["heavy hydrogens", str(3 * N_MOLECULES)]
    for number, (x, y, z) in enumerate(positions()):
        residue, name = number // 3 + 1, NAMES[number % 3]
        lines.append(
            f"{residue % 100000:5d}MOL  {name:>5}{(number + 1) % 100000:5d}{x:8.3f}{y:8.3f}{z:8.3f}"
        )
    lines.append(f"{box_length():10.5f}" * 3)
    gro, top, mdp_file = (folder / f"heavy.{ending}" for ending in ("gro", "top", "mdp"))
    gro.write_text("\n".join(lines) + "\n")
    top.write_text(TOPOLOGY.format(n=N_MOLECULES))
    mdp_file.write_text("integrator = sd\ndt = 0.0001\n")
    mdp = MDP(mdp_file)
    mdp.update(
        {
            "tc-grps": ["System"], "tau-t": [1.0], "ref-t": [300.0], "nstxout": 1, "nstvout": 1,
            "comm-mode": "Linear", "coulombtype": "Cut-off", "cutoff-scheme": "Verlet",
            "rcoulomb": 0.4, "rvdw": 0.4, "constraint-algorithm": "LINCS", "lincs-order": 8,
            "lincs-iter": 4, "gen-seed": 5, "ld-seed": 5, **changes,
        }
    )  # fmt: skip
    return GmxEngine(
        mdp, gro, top, output_traj_type="trr", mdrun_extra_args="-nt 1",
        grompp_extra_args="-maxwarn 5",
    )  # fmt: skip
