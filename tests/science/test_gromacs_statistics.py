"""Velocities that GROMACS draws have the distribution of their temperature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter.examples import alanine_dipeptide_gromacs
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.gromacs import MDP, GmxEngine

pytestmark = [pytest.mark.science, pytest.mark.gromacs]

KT = 0.00831446 * 300
N_DRAWS = 30
N_DOF = 3 * 22 - 12 - 3  # bonds to hydrogen, motion of the whole
MASSES = {"C": 12.01, "N": 14.01, "O": 16.0, "H": 1.008}


async def test_drawn_velocities(manager, tmp_path: Path):
    files = alanine_dipeptide_gromacs(tmp_path)
    names = [line[10:15].strip() for line in files.gro.read_text().splitlines()[2:-1]]
    masses = np.array([MASSES[name[0]] for name in names])[:, None]
    chi2, mdp = [], MDP(files.mdp)
    mdp["gen-seed"] = 1
    engine = GmxEngine(mdp, files.gro, files.top, mdrun_extra_args="-nt 1")
    for number in range(N_DRAWS):
        drawn = await engine.generate_velocities(None, tmp_path / f"{number}.trr")
        velocities = read_frame(drawn, 0).velocities
        assert np.abs((masses * velocities).sum(axis=0)).max() < 1e-4
        chi2.append((masses * velocities**2).sum() / KT)
    total = (np.sum(chi2) - N_DRAWS * N_DOF) / np.sqrt(2 * N_DRAWS * N_DOF)
    assert abs(total) <= 4
    # Their spread, too: each is chi2 of N_DOF, so that its variance is 2 N_DOF.
    spread = np.sum((np.array(chi2) - N_DOF) ** 2) / (2 * N_DOF)
    assert abs(spread - N_DRAWS) / np.sqrt(2 * N_DRAWS * (1 + 6 / N_DOF)) <= 4
    assert spread > N_DRAWS / 2, "grompp scales all of them to one kinetic energy"
