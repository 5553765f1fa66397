"""The kinetic energy that is drawn for ``grompp`` is that of atoms with a mass, in every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncmd_jupyter.engines.gromacs.maxwell import drawn_temperature
from asyncmd_jupyter.gromacs import MDP, GmxEngine

pytestmark = pytest.mark.gromacs

N_MOLECULES = 3
TOPOLOGY = f"""[ defaults ]
1 2 no 1.0 1.0
[ atomtypes ]
X 6 20.0 0.0 A 0.0 0.0
V 0 0.0 0.0 D 0.0 0.0
[ moleculetype ]
MOL 3
[ atoms ]
1 X 1 MOL X1 1 0.0 20.0
2 X 1 MOL X2 1 0.0 20.0
3 V 1 MOL V 1 0.0 0.0
[ constraints ]
1 2 1 0.2
[ virtual_sites2 ]
3 1 2 1 0.5
[ system ]
pairs with a virtual site
[ molecules ]
MOL {N_MOLECULES}
"""
PARAMETERS = """integrator = sd
dt = 0.001
tc-grps = System
tau-t = 1.0
ref-t = 300
nstxout = 1
nstvout = 1
rcoulomb = 0.5
rvdw = 0.5
gen-seed = -572532484
"""


def structure(folder: Path, ending: str) -> Path:
    lines = {
        "gro": ["pairs with a virtual site", str(3 * N_MOLECULES)],
        "pdb": ["CRYST1   40.000   40.000   40.000  90.00  90.00  90.00 P 1           1"],
    }
    for serial in range(1, 3 * N_MOLECULES + 1):
        molecule, number = divmod(serial - 1, 3)
        name, x, y = ("X1", "X2", "V")[number], (0.1, 0.3, 0.2)[number], 0.5 + molecule
        lines["gro"].append(f"{molecule + 1:5d}MOL  {name:>5}{serial:5d}{x:8.3f}{y:8.3f}{1:8.3f}")
        lines["pdb"].append(
            f"ATOM  {serial:5d}  {name:<3} MOL A{molecule + 1:4d}    {10 * x:8.3f}{10 * y:8.3f}"
            f"{10:8.3f}  1.00  0.00           C  "
        )
    lines["gro"].append("   4.00000   4.00000   4.00000")
    path = folder / f"pairs.{ending}"
    path.write_text("\n".join([*lines[ending], ""]))
    return path


@pytest.mark.parametrize("ending", ["gro", "pdb"])
@pytest.mark.parametrize(
    ("changes", "options"),
    [({}, {"velocities": "new"}), ({}, {}), ({"gen-vel": "yes"}, {})],
    ids=["new", "what is lacking", "gen-vel"],
)
async def test_it_is_that_of_atoms_with_a_mass(manager, tmp_path, ending, changes, options):
    """``grompp`` gives it to the atoms with a mass, six of nine here."""
    (tmp_path / "pairs.top").write_text(TOPOLOGY)
    (tmp_path / "pairs.mdp").write_text(PARAMETERS)
    mdp = MDP(tmp_path / "pairs.mdp")
    mdp.update(changes)
    engine = GmxEngine(
        mdp, structure(tmp_path, ending), tmp_path / "pairs.top", output_traj_type="trr"
    )
    if not (changes or options):
        with pytest.warns(UserWarning, match="The start has no velocities"):
            await engine.prepare(None, tmp_path, "sim")
    else:
        await engine.prepare(None, tmp_path, "sim", **options)
    written = MDP(tmp_path / "sim.mdp")
    expected = drawn_temperature(300, 2 * N_MOLECULES, written["gen-seed"])
    assert written["gen-temp"] == pytest.approx(expected, rel=1e-5)
    assert written["gen-temp"] != pytest.approx(300, rel=1e-3)


async def test_walkers_ask_grompp_for_the_masses_once(manager, tmp_path, monkeypatch):
    (tmp_path / "pairs.top").write_text(TOPOLOGY)
    (tmp_path / "pairs.mdp").write_text(PARAMETERS)
    engine = GmxEngine(
        MDP(tmp_path / "pairs.mdp"), structure(tmp_path, "gro"), tmp_path / "pairs.top",
        output_traj_type="trr",
    )  # fmt: skip
    assert engine.clone(1)._n_drawn() == 2 * N_MOLECULES
    monkeypatch.setattr(GmxEngine, "_grompped", None)  # would be called for another one
    for index in range(3):
        assert engine.clone(index)._n_drawn() == 2 * N_MOLECULES
