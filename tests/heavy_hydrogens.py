"""Molecules with repartitioned masses and constraints, many of them and without forces.

Each is a heavy atom of 8 amu with three hydrogens of 3 amu at fixed distances, as methyl
groups of proteins are at 4 fs. How much kinetic energy hydrogens and heavy atoms have is
known exactly: half of kT for each degree of freedom, shared as the masses say.

False alarms: with `N_DRAWS` the temperature of each kind of atom has an error of 0.5 %, so
the tolerance of 2 % is four of them (6 in 10^5 for each number). An error of 5 % is seen as
it lies six errors beyond the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.read import Frame

K = 0.00831446261815324  # kJ/(mol K)
N_MOLECULES, N_DRAWS = 3000, 13
TOLERANCE = 0.02
MASSES = np.array([8.0, 3.0, 3.0, 3.0])
SHAPE = 0.1 * np.array(
    [[0, 0, 0], [0.943, 0, -0.333], [-0.471, 0.816, -0.333], [-0.471, -0.816, -0.333]]
)
PAIRS = np.array([[0, 1], [0, 2], [0, 3]])
IS_HYDROGEN = np.array([False, True, True, True])
NAMES = ("C", "H1", "H2", "H3")


def masses() -> np.ndarray:
    return np.tile(MASSES, N_MOLECULES)


def positions() -> np.ndarray:
    side = int(np.ceil(N_MOLECULES ** (1 / 3)))
    places = 0.5 * np.indices((side, side, side)).reshape(3, -1).T[:N_MOLECULES]
    return (places[:, None, :] + SHAPE + 0.2).reshape(-1, 3)


def box_length() -> float:
    return 0.5 * int(np.ceil(N_MOLECULES ** (1 / 3))) + 1.0


def degrees_of_freedom(*, constrained: bool = True) -> dict[str, float]:
    """Of hydrogens and heavy atoms of all molecules, without motion of the whole."""
    projector = np.eye(12)
    if constrained:
        rows = np.zeros((3, 4, 3))
        for row, (i, j) in zip(rows, PAIRS, strict=True):
            along = SHAPE[i] - SHAPE[j]
            row[i], row[j] = along / np.sqrt(MASSES[i]), -along / np.sqrt(MASSES[j])
        matrix = rows.reshape(3, 12)
        projector -= np.linalg.pinv(matrix) @ matrix
    of_atoms = np.diag(projector).reshape(4, 3).sum(axis=1)
    counts = {}
    for name, chosen in (("hydrogens", IS_HYDROGEN), ("heavy", ~IS_HYDROGEN)):
        of_whole = 3 * MASSES[chosen].sum() / MASSES.sum()
        counts[name] = N_MOLECULES * float(of_atoms[chosen].sum()) - of_whole
    return counts


def temperatures(drawn: Sequence[np.ndarray], *, constrained: bool = True) -> dict[str, float]:
    """Of hydrogens and heavy atoms, over all draws."""
    energies = np.mean([masses() * (v**2).sum(axis=1) for v in drawn], axis=0)
    chosen = np.tile(IS_HYDROGEN, N_MOLECULES)
    twice = {"hydrogens": energies[chosen].sum(), "heavy": energies[~chosen].sum()}
    degrees = degrees_of_freedom(constrained=constrained)
    return {name: float(twice[name] / (degrees[name] * K)) for name in twice}


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
    found = [
        f"{name}: {kelvin:.1f} K instead of {temperature:g} K"
        for name, kelvin in temperatures(drawn, constrained=constrained).items()
        if abs(kelvin / temperature - 1) > TOLERANCE
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
        molecules = values.reshape(N_MOLECULES, 4, 3)
        return molecules[:, PAIRS[:, 0]] - molecules[:, PAIRS[:, 1]]

    apart = between(frame.positions)
    apart -= box_length() * np.round(apart / box_length())
    units = apart / np.linalg.norm(apart, axis=2, keepdims=True)
    return float(np.abs((between(frame.velocities) * units).sum(axis=2)).max())


def openmm_engine(folder: Path, **changes) -> OpenMMEngine:
    """Its PDB lets every mass be guessed wrong: C 12.011 and H 1.008."""
    import openmm
    from openmm import app, unit

    system, topology = openmm.System(), app.Topology()
    chain = topology.addChain("A")
    for molecule in range(N_MOLECULES):
        residue = topology.addResidue("MOL", chain)
        first = 4 * molecule
        for name, mass in zip(NAMES, MASSES, strict=True):
            system.addParticle(mass)
            topology.addAtom(name, app.Element.getBySymbol(name[0]), residue)
        for (i, j), length in zip(PAIRS, (0.1, 0.1, 0.1), strict=True):
            system.addConstraint(first + i, first + j, length)
    system.addForce(openmm.CMMotionRemover())
    structure = folder / "heavy.pdb"
    with structure.open("w") as file:
        app.PDBFile.writeFile(topology, positions() * unit.nanometer, file)
    changes = {"structure_file": structure, **changes}
    options = {"nstout": 1, "seed": 5, "timestep": 0.004, "platform": "Reference", **changes}
    return OpenMMEngine(system, topology, positions(), **options)


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
4 Y 1 MOL H3 1 0.0 3.0
[ constraints ]
1 2 1 0.1
1 3 1 0.1
1 4 1 0.1
[ system ]
heavy hydrogens
[ molecules ]
MOL {n}
"""


def gromacs_engine(folder: Path, **changes) -> GmxEngine:
    """The same in GROMACS; `changes` are those of the parameters.

    With short steps: velocities of mdrun are half a step away from the positions.
    """
    lines = ["heavy hydrogens", str(4 * N_MOLECULES)]
    for number, (x, y, z) in enumerate(positions()):
        residue, name = number // 4 + 1, NAMES[number % 4]
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
            "lincs-iter": 4, **changes,
        }
    )  # fmt: skip
    return GmxEngine(
        mdp, gro, top, output_traj_type="trr", mdrun_extra_args="-nt 1",
        grompp_extra_args="-maxwarn 5",
    )  # fmt: skip
