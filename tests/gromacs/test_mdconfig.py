"""The bases of parameter files, as downstream packages use them."""

from __future__ import annotations

import copy
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


class Words(LineBasedMDConfig):
    _INT_SINGLETON_PARAMS = ["steps"]

    def _parse_line(self, line: str) -> dict[str, Any]:
        key, _, value = line.partition("=")
        return {key.strip(): value.split()} if value else {}


class TestOfOthers:
    def test_without_a_file(self, tmp_path: Path):
        config = Words()
        assert (config.original_file, len(config), config.changed) == (None, 0, False)
        config["steps"] = 5
        assert config.changed
        config.write(tmp_path / "a.txt")
        assert Words(tmp_path / "a.txt")["steps"] == 5
        assert "Words(None)" in repr(config)
        with pytest.raises(ValueError, match="no original_file to read"):
            config.parse()
        config.original_file = tmp_path / "a.txt"
        assert not config.changed

    def test_that_makes_itself(self):
        class Own(MDConfig):
            def __init__(self, **values: Any) -> None:
                self.update(values)

            def parse(self) -> None: ...
            def write(self, outfile: Any, overwrite: bool = False) -> None: ...

        own = Own(steps=3)
        assert dict(own) == {"steps": 3}
        assert copy.deepcopy(own) == own
        assert pickle.loads(pickle.dumps(Plain(steps=3)))["steps"] == 3

    def test_the_last_of_two_equal_lines_counts(self, tmp_path: Path):
        file = tmp_path / "a.txt"
        file.write_text("steps = 1\nother = x\nsteps = 2\n")
        with pytest.warns(UserWarning, match=r"line 3: steps = .*line 1.* The last one counts"):
            config = Words(file)
        assert config["steps"] == 2
        config["steps"] = 7
        config.write(tmp_path / "b.txt")
        assert Words(tmp_path / "b.txt")["steps"] == 7

    def test_as_grompp_its_own_parameters_refuse_them(self, tmp_path: Path):
        file = tmp_path / "a.mdp"
        file.write_text("nsteps = 1\nnsteps = 2\n")
        with pytest.raises(ValueError, match="Take one of them away"):
            MDP(file)
        with pytest.raises(TypeError):
            MDP()


class Plain(MDConfig):
    def __init__(self, **values: Any) -> None:
        self.update(values)

    def parse(self) -> None: ...
    def write(self, outfile: Any, overwrite: bool = False) -> None: ...
