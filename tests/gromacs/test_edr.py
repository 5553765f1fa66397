"""Energies of GROMACS, from its ``.edr`` files, as ``gmx energy`` has them."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from pathlib import Path

import numpy as np
import psutil
import pytest
from gromacs_systems import gromacs_engine
from grompp_runs import STRUCTURE, TOPOLOGY, run

from asyncmd_jupyter.engines.energies.growing import EnergyFile
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.engines.gromacs.edr import EdrEnergies
from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.jobs.process import find_members

pytestmark = pytest.mark.gromacs

SHARED = {"Potential": "Potential energy", "Kinetic En.": "Kinetic energy"}
SHARED |= {"Total Energy": "Total energy", "Conserved En.": "Conserved energy"}


def gmx_energy(edr: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Names, units, and a row of printed numbers for each frame, of all terms."""
    command = f"seq 1 200 | gmx -quiet energy -f {edr.name} -o all.xvg"
    run(["bash", "-o", "pipefail", "-c", f"({command}) || true"], edr.parent)
    file = edr.parent / "all.xvg"
    lines = file.read_text().splitlines()
    file.unlink()
    names = [line.split('"')[1] for line in lines if line.startswith("@ s") and "legend" in line]
    units = next(line.split('"')[1] for line in lines if "yaxis  label" in line)
    rows = [line.split() for line in lines if line[0] not in "#@"]
    return names, units.replace("(", "").replace(")", "").split(", "), np.array(rows, float)


def compare(found: EnergyTable, edr: Path) -> None:
    names, units, rows = gmx_energy(edr)
    # eneconv doubles the frame where parts meet, with a time that is a little off.
    rows = rows[np.append(np.diff(rows[:, 0]) > 1e-3, True)]
    assert len(found.steps) == len(rows) > 2
    np.testing.assert_allclose(found.times, rows[:, 0], atol=5e-6)
    assert {SHARED.get(name, name) for name in names} == set(found)
    for place, name in enumerate(names, 1):
        column = found[SHARED.get(name, name)]
        # It prints six decimals.
        np.testing.assert_allclose(column, rows[:, place], rtol=1e-7, atol=5.1e-7, err_msg=name)
    assert {found.units[SHARED.get(name, name)] for name in names} == set(units)


async def test_of_a_run_that_was_killed_and_continued(manager, tmp_path: Path):
    engine = gromacs_engine(
        nstout=500,
        changes={"nstenergy": 100, "tinit": 10},
        mdrun_extra_args="-nt 1 -cpt 0",
    )
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(1000)
    part = await engine.start_part(10**7)
    growing = EnergyFile(tmp_path / "sim.part0002.edr", 2, EdrEnergies())
    while len(growing.read().steps) < 30:
        await asyncio.sleep(0.01)
    for member in find_members({part.job.id: None})[part.job.id]:
        if psutil.Process(member.pid).name() != "bash":
            os.kill(member.pid, signal.SIGKILL)
    with pytest.raises(EngineCrashedError):
        await part.wait()
    again = engine.clone()
    await again.prepare_from_files(tmp_path, "sim")
    total = again.steps_done // 500 * 500 + 2000
    await again.run_steps(total)
    found = await again.energies()
    assert list(found.steps) == list(range(0, total + 1, 100))
    np.testing.assert_allclose(found.times, 10 + found.steps * 0.002, rtol=1e-12)
    assert set(found.parts) == {1, 2, 3}
    parts = GmxEngine.files_of_parts(tmp_path, "sim", "edr")
    for number, file in enumerate(parts, 1):
        compare(EnergyFile(file, number, EdrEnergies()).read(), file)
    names = [file.name for file in parts]
    run(["gmx", "-quiet", "eneconv", "-f", *names, "-o", "joined.edr"], tmp_path, check=True)
    compare(found, tmp_path / "joined.edr")


@pytest.fixture(scope="module")
def argon(tmp_path_factory) -> Path:
    """A periodic run with pressure coupling and free energies (blocks)."""
    folder = tmp_path_factory.mktemp("argon")
    parameters = {
        "integrator": "md", "dt": 0.002, "nsteps": 400, "nstenergy": 20, "nstcalcenergy": 20,
        "tcoupl": "v-rescale", "tc-grps": "System", "tau-t": 0.5, "ref-t": 90,
        "pcoupl": "c-rescale", "tau-p": 2, "compressibility": 4.5e-5, "ref-p": 1,
        "gen-vel": "yes", "gen-temp": 90, "cutoff-scheme": "Verlet", "rvdw": 1, "rcoulomb": 1,
        "free-energy": "yes", "couple-moltype": "Argon", "couple-lambda1": "none",
        "couple-intramol": "yes", "init-lambda": 0.5, "calc-lambda-neighbors": -1,
        "nstdhdl": 20, "separate-dhdl-file": "no", "sc-alpha": 0.5,
    }  # fmt: skip
    text = "".join(f"{name} = {value}\n" for name, value in parameters.items())
    (folder / "md.mdp").write_text(text)
    (folder / "conf.gro").write_text(STRUCTURE)
    (folder / "topol.top").write_text(TOPOLOGY)
    inputs = ["-f", "md.mdp", "-c", "conf.gro", "-p", "topol.top", "-o", "md.part0001.tpr"]
    run(["gmx", "-quiet", "grompp", *inputs, "-maxwarn", "9"], folder, check=True)
    names = ["-s", "md.part0001.tpr", "-e", "md.part0001.edr", "-nt", "1"]
    run(["gmx", "-quiet", "mdrun", *names], folder, check=True)
    return folder / "md.part0001.edr"


def test_density_volume_and_pressure(argon: Path):
    found = GmxEngine.energies_in_folder(argon.parent, "md")
    compare(found, argon)
    titles = [found.title(name) for name in found]
    assert titles[:8] == [
        "Potential energy (kJ/mol)", "Kinetic energy (kJ/mol)", "Total energy (kJ/mol)",
        "Conserved energy (kJ/mol)", "Temperature (K)", "Pressure (bar)", "Density (kg/m^3)",
        "Volume (nm^3)",
    ]  # fmt: skip
    assert list(found.steps) == list(range(0, 401, 20))


def test_a_file_that_grows_byte_by_byte(argon: Path, tmp_path: Path):
    content = argon.read_bytes()
    whole = EnergyFile(argon, 1, EdrEnergies()).read()
    growing = EnergyFile(tmp_path / "md.part0001.edr", 1, EdrEnergies())
    n_rows = [0]
    with growing.path.open("wb", buffering=0) as file:
        for begin in range(0, len(content), 97):
            file.write(content[begin : begin + 97])
            n_rows.append(len(growing.read().steps))
    assert n_rows == sorted(n_rows)
    assert sorted(set(n_rows)) == list(range(len(whole.steps) + 1))
    found = growing.read()
    assert all(np.array_equal(found[name], whole[name]) for name in whole)


def test_damage_is_said_and_what_stands_before_counts(argon: Path, tmp_path: Path, caplog):
    content = argon.read_bytes()
    half = len(content) // 2
    damaged = tmp_path / "md.part0001.edr"
    damaged.write_bytes(content[:half] + bytes(len(content) - half))
    found = EnergyFile(damaged, 1, EdrEnergies()).read()
    assert 0 < len(found.steps) < 21
    assert "md.part0001.edr is damaged" in caplog.text


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no energies", "not an energy file"), (struct.pack(">iii", -55555, 9, 1), "version 9")],
)
def test_what_is_something_else(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "md.part0001.edr").write_bytes(content)
    with pytest.raises(ValueError, match=rf"md\.part0001\.edr can't be read: .*{said}"):
        GmxEngine.energies_in_folder(tmp_path, "md")
