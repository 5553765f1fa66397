"""GROMACS: ``grompp`` on four argon atoms, ``mdrun`` on a peptide in vacuum and on water."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from gromacs_systems import STEM
from triage.scenes import Scene, Stage

TOPOLOGY = """\
[ defaults ]
1 2 yes 0.5 0.8333
[ atomtypes ]
AR AR 18 39.948 0.0 A 0.3405 0.996
[ moleculetype ]
Argon 1
[ atoms ]
1 AR 1 AR AR 1 0.0 39.948
[ system ]
argon
[ molecules ]
Argon 4
"""
STRUCTURE = """\
argon
    4
    1AR      AR    1   0.500   0.500   0.500
    2AR      AR    2   1.500   1.500   1.500
    3AR      AR    3   2.500   2.500   2.500
    4AR      AR    4   3.500   3.500   3.500
   9.00000   9.00000   9.00000
"""
MDP = "integrator = md\nnsteps = 100\nnstcalcenergy = 10\nnstenergy = 10\n"
VACUUM = MDP + "cutoff-scheme = Verlet\nrlist = 1\n"
WATER_TOPOLOGY = """\
#include "amber99sb-ildn.ff/forcefield.itp"
#include "amber99sb-ildn.ff/tip3p.itp"
[ system ]
water
[ molecules ]
SOL {number}
"""
WATER = (
    f"{MDP}verlet-buffer-tolerance = -1\nrlist = 0.9\nrcoulomb = 0.9\nrvdw = 0.9\n"
    "gen-vel = yes\ngen-temp = 300\n"
)
GROMPP = ("gmx", "-quiet", "grompp", "-f", "md.mdp", "-c", "conf.gro", "-p", "topol.top")
MDRUN = ("gmx", "-quiet", "mdrun", "-s", "md.tpr", "-deffnm", "md")
FORMAT_2022 = 127
NOTHING: Mapping[str, str] = {}
ONE = ("-ntmpi", "1", "-ntomp", "1")


def argon(
    folder: Path, mdp: str = MDP, *more: str, top: str = TOPOLOGY, gro: str = STRUCTURE
) -> Scene:
    for name, text in (("md.mdp", mdp), ("conf.gro", gro), ("topol.top", top)):
        (folder / name).write_text(text)
    return Scene((*GROMPP, "-o", "md.tpr", *more))


def make_argon(folder: Path, mdp: str = MDP) -> None:
    _made(argon(folder, mdp, "-maxwarn", "9"), folder)


def _made(scene: Scene, folder: Path) -> None:
    said = scene.play(folder)
    assert (folder / "md.tpr").exists(), said


def make_peptide(folder: Path, dt: float, more: Mapping[str, str] = NOTHING) -> None:
    text = STEM.with_suffix(".mdp").read_text()
    (folder / "md.mdp").write_text(_changed(text, {"dt": str(dt), "nsteps": "5000", **more}))
    argv = ("-f", "md.mdp", "-c", f"{STEM}.gro", "-p", f"{STEM}.top", "-o", "md.tpr")
    _made(Scene(("gmx", "-quiet", "grompp", *argv, "-maxwarn", "9")), folder)


def _changed(text: str, values: dict[str, str]) -> str:
    kept = [line for line in text.splitlines() if line.split("=")[0].strip() not in values]
    return "\n".join([*kept, *(f"{key} = {value}" for key, value in values.items()), ""])


def make_water(folder: Path, mdp: str) -> None:
    box = ("-cs", "spc216.gro", "-box", "2", "2", "2", "-o", "conf.gro")
    subprocess.run(["gmx", "-quiet", "solvate", *box], cwd=folder, capture_output=True, check=True)
    atoms = int((folder / "conf.gro").read_text().splitlines()[1])
    (folder / "topol.top").write_text(WATER_TOPOLOGY.format(number=atoms // 3))
    (folder / "md.mdp").write_text(mdp)
    _made(Scene((*GROMPP, "-o", "md.tpr", "-maxwarn", "9")), folder)


def run_peptide(dt: float) -> Stage:
    def stage(folder: Path) -> Scene:
        make_peptide(folder, dt)
        return Scene((*MDRUN, *ONE), {"GMX_SUPPRESS_DUMP": "1"})

    return stage


def run_water(mdp: str, *options: str, log: str = "") -> Stage:
    def stage(folder: Path) -> Scene:
        make_water(folder, WATER + mdp)
        return Scene((*MDRUN, *(options or ONE)), {"GMX_SUPPRESS_DUMP": "1"}, log)

    return stage


def run_argon(*options: str, mdp: str = MDP) -> Stage:
    def stage(folder: Path) -> Scene:
        make_argon(folder, mdp)
        return Scene((*MDRUN, *options))

    return stage


def full_disk(folder: Path) -> Scene:
    """Needs the rights to mount a file system."""
    make_peptide(folder, 0.001, {"nstxout": "1", "nstvout": "1", "nstlog": "1"})
    (folder / "disk").mkdir()
    mount = "mount -t tmpfs -o size=64k tmpfs disk && cd disk"
    run = "gmx -quiet mdrun -s ../md.tpr -deffnm md -ntmpi 1 -ntomp 1"
    return Scene(("unshare", "--mount", "bash", "-c", f"{mount} && {run}"))


def other_checkpoint(folder: Path) -> Scene:
    other = folder / "other"
    other.mkdir()
    make_peptide(other, 0.001)
    Scene((*MDRUN, *ONE, "-nsteps", "20")).play(other)
    make_argon(folder)
    return Scene((*MDRUN, *ONE, "-cpi", "other/md.cpt", "-noappend"))


def torn_checkpoint(folder: Path) -> Scene:
    make_argon(folder)
    Scene((*MDRUN, *ONE, "-nsteps", "20")).play(folder)
    file = folder / "md.cpt"
    file.write_bytes(file.read_bytes()[:300])
    return Scene((*MDRUN, *ONE, "-cpi", "md.cpt", "-noappend"))


def missing_outputs(folder: Path) -> Scene:
    make_argon(folder)
    Scene((*MDRUN, *ONE, "-nsteps", "20")).play(folder)
    (folder / "md.log").unlink()
    return Scene((*MDRUN, *ONE, "-cpi", "md.cpt", "-append"))


def newer_run_input(folder: Path) -> Scene:
    make_argon(folder)
    file = folder / "md.tpr"
    content = file.read_bytes()
    # Behind the text of the program's version, among others, stands that of the format.
    place = content.index(struct.pack(">i", FORMAT_2022))
    file.write_bytes(content[:place] + struct.pack(">i", 200) + content[place + 4 :])
    return Scene((*MDRUN, *ONE))


def garbled_run_input(folder: Path) -> Scene:
    (folder / "md.tpr").write_bytes(b"nonsense" * 100)
    return Scene((*MDRUN, *ONE))


def changed_topology(old: str, new: str, mdp: str = MDP) -> Stage:
    assert old in TOPOLOGY
    return lambda folder: argon(folder, mdp, top=TOPOLOGY.replace(old, new))


def one_atom_more(folder: Path) -> Scene:
    lines = STRUCTURE.splitlines()
    lines[1] = "    5"
    lines.insert(6, "    5AR      AR    5   4.500   4.500   4.500")
    return argon(folder, gro="\n".join(lines) + "\n")


def unknown_bond(folder: Path) -> Scene:
    one = "1 AR 1 AR AR 1 0.0 39.948"
    two = f"{one}\n2 AR 1 AR AR2 1 0.0 39.948\n[ bonds ]\n1 2 1"
    return argon(folder, top=TOPOLOGY.replace(one, two).replace("Argon 4", "Argon 2"))


def misspelt_section_of_types(folder: Path) -> Scene:
    """The type of the atom is missing only because its section is not understood."""
    types = "[ nonbond_params ]\nAR AR 1 0.1 1\n[ atomtypx ]\nXX XX 18 39.948 0.0 A 0.34 0.996\n"
    top = TOPOLOGY.replace("[ moleculetype ]", f"{types}[ moleculetype ]")
    return argon(folder, top=top.replace("1 AR 1 AR AR", "1 XX 1 AR AR"))


def without_structure(folder: Path) -> Scene:
    scene = argon(folder)
    (folder / "conf.gro").unlink()
    return scene


def with_mdp(lines: str) -> Stage:
    return lambda folder: argon(folder, MDP + lines)


COUPLED = "tcoupl = v-rescale\ntc-grps = {groups}\ntau-t = 1\nref-t = {kelvin}\n"
UNSOUND = "tcoupl = berendsen\ntc-grps = System\ntau-t = 1\nref-t = 300\n"
UNFINISHED = "pcoupl = c-rescale\nref-p = 1\ntau-p = 1\n"
FLOOD = (
    "pcoupl = Berendsen\ntau-p = 0.01\nref-p = 50000\ncompressibility = 4.5e-4\nnstpcouple = 1\n"
)


def healthy_peptide(*options: str, log: str = "") -> Stage:
    def stage(folder: Path) -> Scene:
        make_peptide(folder, 0.001)
        return Scene((*MDRUN, *ONE, *options), log=log)

    return stage


def stopped_peptide(folder: Path) -> Scene:
    make_peptide(folder, 0.001, {"nsteps": "50000000"})
    run = " ".join(("exec", *MDRUN, *ONE))
    return Scene(("timeout", "--signal=TERM", "1", "bash", "-c", run))


def grompp_of_peptide(folder: Path) -> Scene:
    argv = ("-f", f"{STEM}.mdp", "-c", f"{STEM}.gro", "-p", f"{STEM}.top", "-o", "md.tpr")
    return Scene(("gmx", "-quiet", "grompp", *argv))


HEALTHY: dict[str, Stage] = {
    "mdrun": healthy_peptide(),
    "mdrun-log": healthy_peptide(log="md.log"),
    "mdrun-stopped-in-time": healthy_peptide("-maxh", "0.0001"),
    "mdrun-stopped-by-signal": stopped_peptide,
    "grompp": grompp_of_peptide,
}
SCENES: dict[str, Stage] = {
    "grompp-atom-count": one_atom_more,
    "grompp-missing-file": without_structure,
    "grompp-parameter": with_mdp("nonsense = 3\n"),
    "grompp-warnings": with_mdp(UNSOUND),
    "grompp-error": with_mdp(UNSOUND + UNFINISHED),
    "grompp-enum": with_mdp("tcoupl = nonsense\n"),
    "grompp-include": changed_topology("[ defaults ]", '#include "nonsense.itp"\n[ defaults ]'),
    "grompp-atomtype": changed_topology("1 AR 1 AR AR", "1 XX 1 AR AR"),
    "grompp-moleculetype": changed_topology("Argon 4", "Neon 4"),
    "grompp-directive": changed_topology("[ system ]", "[ nonsense ]\n[ system ]"),
    "grompp-directive.system": changed_topology("[ system ]", "[ sistem ]"),
    "grompp-directive.first": misspelt_section_of_types,
    "grompp-order": changed_topology("[ system ]", "[ atomtypes ]\n[ system ]"),
    "grompp-error.order": changed_topology(
        "[ system ]", "[ atomtypes ]\n[ system ]", MDP + UNFINISHED
    ),
    "grompp-bonded": unknown_bond,
    "grompp-group": with_mdp(COUPLED.format(groups="nonsense", kelvin=300)),
    "grompp-coupling": with_mdp(COUPLED.format(groups="System", kelvin="300 400")),
    "grompp-box": with_mdp("rcoulomb = 9\nrvdw = 9\nrlist = 9\n"),
    "gromacs-lincs": run_peptide(0.006),
    "gromacs-settle": run_water("dt = 0.03\n"),
    "gromacs-pressure": run_water(FLOOD),
    "gromacs-domains": run_water("", "-ntmpi", "2", "-ntomp", "1", "-rdd", "5"),
    "gromacs-threads": run_argon("-nt", "3", "-ntmpi", "2", "-ntomp", "2"),
    "gromacs-no-gpu": run_argon("-nb", "gpu", *ONE),
    "gromacs-fatal": run_argon("-npme", "3", *ONE),
    "gromacs-option": run_argon("-nonsense"),
    "gromacs-input-missing": lambda folder: Scene((*MDRUN, *ONE)),
    "gromacs-input-version": newer_run_input,
    "gromacs-checkpoint-other": other_checkpoint,
    "gromacs-checkpoint-torn": torn_checkpoint,
    "limit-disk.gromacs": full_disk,
    "gromacs-appending": missing_outputs,
}
