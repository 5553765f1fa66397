"""How asyncmd_jupyter/examples/gromacs is made, with what GROMACS ships.

    python notebooks/systems/alanine_dipeptide_gromacs.py asyncmd_jupyter/examples/gromacs

ACE-ALA-NME of alanine_dipeptide.pdb gets a topology, once alone and once in a box of water,
and is warmed up while its heavy atoms are held where they are: halfway between two states.
The parameters of the production runs (`*.mdp`) are written by hand and lie there already.

All seeds are fixed, and one thread computes, so that a machine gives the same files each
time. Another one rounds differently and finds another, equally good configuration.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "asyncmd_jupyter" / "examples"
FORCE_FIELD = "amber99sb-ildn"
MOLECULE = "Alanine_dipeptide"
VACUUM_BOX, WATER_BOX = 4.0, 2.3  # nm

HOLD = "define = -DPOSRES\nrefcoord-scaling = com\n"
SEEDS = "ld-seed = 1\ngen-seed = 1\n"
MINIMIZE = HOLD + "integrator = steep\nemtol = 200\n"
WARM_UP = HOLD + SEEDS + "gen-vel = yes\n"
PRESSURE = "pcoupl = C-rescale\ntau-p = 1\nref-p = 1\ncompressibility = 4.5e-5\n"


def gmx(folder: Path, *arguments: str, typed: str = "") -> str:
    """Run a command of GROMACS; what it printed."""
    command = ["gmx", "-quiet", *arguments]
    done = subprocess.run(command, cwd=folder, input=typed, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def for_pdb2gmx(pdb: str) -> str:
    """The molecule with the name that GROMACS has for the methyl of NME."""
    return re.sub(r" C   NME", " CH3 NME", pdb)


def make_topology(folder: Path, water: str) -> None:
    """Write mol.gro, topol.top and posre.itp."""
    (folder / "mol.pdb").write_text(for_pdb2gmx((EXAMPLES / "alanine_dipeptide.pdb").read_text()))
    files = ("-f", "mol.pdb", "-o", "mol.gro", "-p", "topol.top", "-i", "posre.itp")
    stiff = ("-posrefc", "20000")  # kJ/mol/nm^2
    gmx(folder, "pdb2gmx", *files, "-ff", FORCE_FIELD, "-water", water, "-ignh", *stiff)


def put_in_box(folder: Path, edge: float, *, solvated: bool) -> None:
    """Write conf.gro, with water where it shall be and fits."""
    gmx(folder, "editconf", "-f", "mol.gro", "-o", "conf.gro", "-box", str(edge), "-c")
    if solvated:
        files = ("-cp", "conf.gro", "-cs", "spc216.gro", "-p", "topol.top", "-o", "conf.gro")
        gmx(folder, "solvate", *files)


def run(folder: Path, production: str, changes: str, n_steps: int) -> None:
    """Go on from conf.gro with some parameters instead of those of the production run."""
    lines = {key_of(line): line for line in (production + changes).splitlines() if "=" in line}
    text = "\n".join([*lines.values(), f"nsteps = {n_steps}", ""])
    (folder / "run.mdp").write_text(text)
    files = ("-f", "run.mdp", "-c", "conf.gro", "-r", "conf.gro", "-p", "topol.top")
    gmx(folder, "grompp", *files, "-o", "run.tpr")
    one_thread = ("-ntmpi", "1", "-ntomp", "1", "-pin", "off", "-reprod")
    gmx(folder, "mdrun", "-deffnm", "run", "-c", "conf.gro", *one_thread)


def key_of(line: str) -> str:
    """The name of a parameter."""
    return line.partition("=")[0].strip().lower()


def mean_edge(folder: Path) -> float:
    """Edge of the box in nm, averaged over the second half of the last run."""
    gmx(folder, "energy", "-f", "run.edr", "-o", "edge.xvg", "-xvg", "none", typed="Box-X\n")
    edges = [float(row.split()[1]) for row in (folder / "edge.xvg").read_text().splitlines()]
    second = edges[len(edges) // 2 :]
    return sum(second) / len(second)


def resize(folder: Path, edge: float) -> None:
    """Stretch conf.gro to another edge of the box."""
    now = float((folder / "conf.gro").read_text().splitlines()[-1].split()[0])
    scale = [f"{edge / now:.6f}"] * 3
    gmx(folder, "editconf", "-f", "conf.gro", "-o", "conf.gro", "-scale", *scale)


def without_history(topology: str) -> str:
    """A topology without the names of machine, day and folder, and without restraints."""
    body = topology[topology.index("; Include forcefield") :]
    restraints = r"(; Include Position restraint file\n)?#ifdef POSRES.*?#endif\n\n"
    body = re.sub(restraints, "", body, flags=re.DOTALL)
    body = re.sub(r"(\[ system \]\n; Name\n)Protein", rf"\1{MOLECULE}", body)
    return body.replace("Protein_chain_A", MOLECULE)


def save(folder: Path, target: Path, name: str) -> None:
    """Copy the results with titles that say what they are."""
    (target / f"{name}.top").write_text(without_history((folder / "topol.top").read_text()))
    lines = (folder / "conf.gro").read_text().splitlines(keepends=True)
    lines[0] = f"{name.replace('_', ' ')}, 300 K, phi -75 and psi 90 degrees at first\n"
    (target / f"{name}.gro").write_text("".join(lines))


def make_vacuum(folder: Path, target: Path) -> None:
    """Write the molecule alone."""
    production = (target / "alanine_dipeptide_vacuum.mdp").read_text()
    make_topology(folder, "none")
    put_in_box(folder, VACUUM_BOX, solvated=False)
    run(folder, production, WARM_UP, 5_000)
    save(folder, target, "alanine_dipeptide_vacuum")


def make_water(folder: Path, target: Path) -> None:
    """Write the molecule in water, in a box of the size that it has at 1 bar."""
    production = (target / "alanine_dipeptide_water.mdp").read_text()
    make_topology(folder, "tip3p")
    put_in_box(folder, WATER_BOX, solvated=True)
    run(folder, production, MINIMIZE, 1_000)
    run(folder, production, WARM_UP + PRESSURE, 50_000)
    resize(folder, mean_edge(folder))
    run(folder, production, WARM_UP, 10_000)
    save(folder, target, "alanine_dipeptide_water")


def main(target: Path) -> None:
    """Write both systems."""
    for make in (make_vacuum, make_water):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
