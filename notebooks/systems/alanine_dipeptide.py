"""How asyncmd_jupyter/examples/alanine_dipeptide.pdb is made, with OpenMM alone.

The heavy atoms of ACE-ALA-NME are placed by standard bond lengths and angles, OpenMM adds
the hydrogens, and the energy is minimized while phi and psi are held on the barrier
between the states alphaR and C7eq, from where either is reached about equally often.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from openmm import CustomTorsionForce, LangevinMiddleIntegrator, app, unit

PHI, PSI = -75.0, 90.0
PHI_ATOMS, PSI_ATOMS = (4, 6, 8, 14), (6, 8, 14, 16)

# name, residue, number, bonded to, angle with, torsion with, length (A), angle, torsion (degrees)
Z_MATRIX = [
    ("CH3", "ACE", 1, None, None, None, 0.0, 0.0, 0.0),
    ("C", "ACE", 1, "CH3", None, None, 1.522, 0.0, 0.0),
    ("O", "ACE", 1, "C", "CH3", None, 1.229, 120.4, 0.0),
    ("N", "ALA", 2, "C", "CH3", "O", 1.335, 116.6, 180.0),
    ("CA", "ALA", 2, "N", "C", "CH3", 1.449, 121.9, 180.0),
    ("CB", "ALA", 2, "CA", "N", "C", 1.526, 109.7, PHI - 122.0),
    ("C'", "ALA", 2, "CA", "N", "C", 1.522, 110.3, PHI),
    ("O'", "ALA", 2, "C'", "CA", "N", 1.229, 120.4, PSI - 180.0),
    ("N'", "NME", 3, "C'", "CA", "N", 1.335, 116.6, PSI),
    ("C''", "NME", 3, "N'", "C'", "CA", 1.449, 121.9, 180.0),
]
NAMES = {"C'": "C", "O'": "O", "N'": "N", "C''": "C"}


def place(xyz: dict[str, np.ndarray], row: tuple) -> np.ndarray:
    """Position of an atom from its distance, angle and torsion."""
    _, _, _, bond, angle, torsion, length, theta, phi = row
    if bond is None:
        return np.zeros(3)
    if angle is None:
        return xyz[bond] + np.array([length, 0.0, 0.0])
    to_angle = xyz[angle] - xyz[bond]
    to_angle /= np.linalg.norm(to_angle)
    reference = np.array([0.0, 1.0, 0.0]) if torsion is None else xyz[torsion] - xyz[angle]
    across = reference - reference @ to_angle * to_angle
    across /= np.linalg.norm(across)
    third = np.cross(to_angle, across)
    t, p = np.radians(theta), np.radians(phi)
    around = np.cos(p) * across - np.sin(p) * third
    return xyz[bond] + length * (np.cos(t) * to_angle + np.sin(t) * around)


def heavy_atoms() -> str:
    """PDB text of the heavy atoms."""
    xyz: dict[str, np.ndarray] = {}
    lines = []
    for serial, row in enumerate(Z_MATRIX, start=1):
        key, residue, number = row[:3]
        xyz[key] = place(xyz, row)
        name = NAMES.get(key, key)
        x, y, z = xyz[key]
        lines.append(
            f"ATOM  {serial:5d}  {name:<3s} {residue} A{number:4d}    "
            f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {name[0]:>2s}"
        )
    return "\n".join([*lines, "END", ""])


def hold(phi: float, psi: float) -> CustomTorsionForce:
    """Stiff springs (kJ/mol/rad^2) that keep both torsions, in degrees, where they are."""
    force = CustomTorsionForce("5000 * (1 - cos(theta - theta0))")
    force.addPerTorsionParameter("theta0")
    force.addTorsion(*PHI_ATOMS, [np.radians(phi)])
    force.addTorsion(*PSI_ATOMS, [np.radians(psi)])
    return force


def main(target: Path) -> None:
    """Write the minimized molecule."""
    pdb = app.PDBFile(io.StringIO(heavy_atoms()))
    field = app.ForceField("amber99sbildn.xml", "amber99_obc.xml")
    model = app.Modeller(pdb.topology, pdb.positions)
    model.addHydrogens(field)
    system = field.createSystem(model.topology, nonbondedMethod=app.NoCutoff)
    system.addForce(hold(PHI, PSI))
    integrator = LangevinMiddleIntegrator(300 * unit.kelvin, 1 / unit.picosecond, 0.001)
    simulation = app.Simulation(model.topology, system, integrator)
    simulation.context.setPositions(model.positions)
    simulation.minimizeEnergy()
    positions = simulation.context.getState(positions=True).getPositions()
    text = io.StringIO()
    app.PDBFile.writeFile(model.topology, positions, text)
    # Without the line that names the day, so that equal molecules are equal files.
    target.write_text("".join(text.getvalue().splitlines(keepends=True)[1:]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
