"""The bases of parameter files, as downstream packages use them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.mdconfig import LineBasedMDConfig, MDConfig


class Namelist(LineBasedMDConfig):
    _FLOAT_PARAMS = ["box"]
    _FLOAT_SINGLETON_PARAMS = ["timestep"]
    _INT_PARAMS = ["seeds"]
    _INT_SINGLETON_PARAMS = ["run"]
    _STR_SINGLETON_PARAMS = ["title"]
    _KEY_VALUE_SEPARATOR = "  "
    _INTER_VALUE_CHAR = ","

    def _parse_line(self, line: str) -> dict[str, Any]:
        key, _, rest = line.partition("#")[0].strip().partition(" ")
        return {key: rest.replace(",", " ").split()} if key else {}


def test_own_formats_need_a_line_and_tables_of_types(tmp_path: Path) -> None:
    (tmp_path / "in.conf").write_text(
        "# system\nbox 1,2.5,3\ntimestep 2e-3\nseeds 1,2\nrun 5 # steps\ntitle my run\nother 1,b\n"
    )
    config = Namelist(tmp_path / "in.conf")
    assert dict(config) == {
        "box": [1.0, 2.5, 3.0],
        "timestep": 0.002,
        "seeds": [1, 2],
        "run": 5,
        "title": "my run",
        "other": ["1", "b"],
    }
    config["box"] = (4, 5)
    config["run"] = 10
    config.write(tmp_path / "out.conf")
    assert (tmp_path / "out.conf").read_text() == (
        "# system\nbox  4.0,5.0\ntimestep 2e-3\nseeds 1,2\nrun  10\ntitle my run\nother 1,b\n"
    )
    assert pickle.loads(pickle.dumps(config)) == config
    with pytest.raises(NotImplementedError, match="Namelist"):
        config.nstout("xtc")
    with pytest.raises(NotImplementedError, match="Namelist"):
        config.ensure_options("no", "yes")


def test_own_formats_tell_where_a_line_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "in.conf").write_text("# ok\nrun 5 6\n")
    with pytest.raises(ValueError, match=r"in\.conf, line 2: run = \['5', '6'\]: .* whole number"):
        Namelist(tmp_path / "in.conf")


def test_the_bases_can_not_be_made() -> None:
    for base in (MDConfig, LineBasedMDConfig):
        with pytest.raises(TypeError, match="abstract"):
            base("file")  # type: ignore[abstract]


@pytest.mark.parametrize("path", [None, 7, ["a.mdp"]])
def test_what_is_no_path_is_named(make_mdp, path):
    with pytest.raises(TypeError, match="original_file="):
        MDP(path)
    with pytest.raises(TypeError, match="outfile="):
        make_mdp("nsteps = 5\n").write(path)
