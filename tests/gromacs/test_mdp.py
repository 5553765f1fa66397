"""Parameter files as mappings: names, types, writing, bad input."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mdp_samples import MESSY, NVT, SAMPLES

from asyncmd_jupyter.engines.gromacs import mdp_features
from asyncmd_jupyter.engines.gromacs.mdp_features import option_of, spelling_of
from asyncmd_jupyter.engines.gromacs.mdp_options import ensure_mdp_options, nstout_from_mdp
from asyncmd_jupyter.gromacs.mdconfig import MDP
from asyncmd_jupyter.mdconfig import LineBasedMDConfig, MDConfig

many = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def make(tmp_path: Path):
    def make(content: str | bytes, name: str = "md.mdp") -> MDP:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return MDP(file)

    return make


def text_of(mdp: MDP, folder: Path) -> str:
    mdp.write(folder / "out.mdp", overwrite=True)
    return (folder / "out.mdp").read_bytes().decode()


def test_values_have_the_types_that_users_expect(make) -> None:
    mdp = make(NVT)
    assert (mdp["nsteps"], mdp["dt"], mdp["ref-t"]) == (50000, 0.002, [300.0, 300.0])
    assert mdp["tc-grps"] == ["one", "two"]
    assert mdp["title"] == "Argon, NVT"
    assert mdp["define"] == "-DPOSRES -DPOSRES_FC=1000"
    assert isinstance(mdp["ref-t"][0], float)


@pytest.mark.parametrize("key", ["nst_xout", "NSTXOUT", "nst-Xout", "nstxout-"])
def test_names_may_be_spelled_in_any_way(make, key: str) -> None:
    mdp = make("nstxout = 5\n")
    assert mdp[key] == 5
    assert key in mdp
    mdp[key] = 7
    assert dict(mdp) == {"nstxout": 7}
    del mdp[key]
    assert key not in mdp


@pytest.mark.parametrize(
    ("key", "listed"),
    [
        ("Pull_Coord12_kB", "pull-coord12-kb"),
        ("AWH3-dim2-Coord_Index", "awh3-dim2-coord-index"),
        ("iontype0_in_A", "iontype0-in-a"),
        ("E_LECTRIC-field-x", "electric-field-x"),
        ("rot-potfit-nsteps3", "rot-potfit-nsteps3"),
        ("dh_hist_size", "dh-hist-size"),
        ("nnpot-model-input4", "nnpot-model-input4"),
        ("unconstrained_start", "continuation"),
    ],
)
def test_names_are_listed_as_in_the_manual(key: str, listed: str) -> None:
    assert spelling_of(key) == listed
    assert option_of(key) is option_of(listed)


@pytest.mark.parametrize("key", ["pull-coord#-k", "pull-coord01-k", "pull-coord-k", "#", "-", "1"])
def test_names_that_only_look_alike_are_others(key: str) -> None:
    assert spelling_of(key) is None


def test_no_name_is_listed_with_two_types() -> None:
    tables = [table for table, _ in mdp_features._FEATURES]
    names = [name for table in tables for text in table.values() for name in text.split()]
    assert len(names) == len(set(names)) > 300


def test_unknown_names_are_kept_and_compared_like_the_others(make, tmp_path: Path) -> None:
    mdp = make("My_Key = 1 two\n")
    assert mdp["my-key"] == ["1", "two"]
    mdp["MYKEY"] = 3.5
    mdp["new-key"] = [True and 1, "b"]
    assert text_of(mdp, tmp_path) == "My_Key = 3.5\nnew-key = 1 b\n"


def test_what_is_not_changed_is_written_as_it_was(make, tmp_path: Path) -> None:
    mdp = make(MESSY)
    mdp["nsteps"] = 5
    before, after = MESSY.split("\n"), text_of(mdp, tmp_path).split("\n")
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.strip() for line in differing if "\r" not in line] == ["nsteps = 5"]
    assert len(differing) == 1


def test_setting_the_old_value_again_changes_nothing(make, tmp_path: Path) -> None:
    mdp = make("ref-t = 3e2 ; K\nref-p = 1 bar\n")
    mdp["ref-t"] = 310
    assert mdp.changed
    mdp["ref-t"] = 300
    assert not mdp.changed
    assert text_of(mdp, tmp_path) == "ref-t = 3e2 ; K\nref-p = 1 bar\n"


def test_lists_may_be_changed_in_place(make, tmp_path: Path) -> None:
    mdp = make("ref-t = 300 300\n")
    mdp["ref-t"][1] = np.float32(0.1)
    assert mdp.changed
    assert text_of(mdp, tmp_path) == f"ref-t = 300.0 {float(np.float32(0.1))!r}\n"
    mdp["ref-t"].append("hot")
    with pytest.raises(ValueError, match=r"ref-t = .*'hot' is no number"):
        mdp.write(tmp_path / "never.mdp")
    assert not (tmp_path / "never.mdp").exists()


def test_taken_away_and_new_ones_are_written_so(make, tmp_path: Path) -> None:
    mdp = make("; head\nnsteps = 5 ; five\ndt = 0.002")
    del mdp["nsteps"]
    mdp["gen-vel"] = True
    assert text_of(mdp, tmp_path) == "; head\ndt = 0.002\ngen-vel = yes\n"
    mdp["nsteps"] = 6
    assert text_of(mdp, tmp_path) == "; head\nnsteps = 6\ndt = 0.002\ngen-vel = yes\n"


def test_a_name_without_value_is_as_good_as_none(make, tmp_path: Path) -> None:
    mdp = make("nsteps =\ntc-grps =\ninclude =\nnsteps = 4\ndt =\n")
    assert mdp["nsteps"] == 4
    assert "dt" not in mdp
    assert (mdp["tc-grps"], mdp["include"]) == ([], "")
    mdp["nsteps"], mdp["dt"] = 5, 1e-3
    assert text_of(mdp, tmp_path) == "nsteps = 5\ntc-grps =\ninclude =\ndt = 0.001\n"


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("nsteps", 5e5, 500000),
        ("nsteps", np.int64(2**40), 2**40),
        ("nsteps", [7], 7),
        ("nsteps", "+08", 8),
        ("dt", 1, 1.0),
        ("dt", np.array(0.5), 0.5),
        ("dt", "0x1p-3", 0.125),
        ("ref-t", 300, [300.0]),
        ("ref-t", (300, np.float32(310)), [300.0, 310.0]),
        ("ref-t", np.array([300, 310]), [300.0, 310.0]),
        ("ref-t", range(2), [0.0, 1.0]),
        ("ref-t", "300\t310", [300.0, 310.0]),
        ("ref-p", "1.0 bar", [1.0]),
        ("ref-t", [], []),
        ("tc-grps", "Protein Water", ["Protein", "Water"]),
        ("tc-grps", np.array(["a", "b"]), ["a", "b"]),
        ("user1-grps", 5, ["5"]),
        ("gen-vel", True, "yes"),
        ("gen-vel", np.bool_(False), "no"),
        ("free-energy", "expanded", "expanded"),
        ("define", "  -DX=3  -DY ", "-DX=3  -DY"),
        ("qmmm-cp2k-qmfilenames", Path("a/b"), "a/b"),
        ("annealing-npoints", [2.0, 3], [2, 3]),
    ],
)
def test_values_may_be_set_as_what_comes_naturally(
    make, tmp_path: Path, key: str, value: Any, kept: Any
) -> None:
    mdp = make("")
    mdp[key] = value
    assert mdp[key] == kept
    assert type(mdp[key]) is type(kept)
    again = make(text_of(mdp, tmp_path), "again.mdp")
    assert again.differences(mdp) == {}


@pytest.mark.parametrize(
    ("key", "value", "error", "words"),
    [
        ("nsteps", None, TypeError, "take it away with del"),
        ("nsteps", "abc", ValueError, "'abc' is no whole number. It takes one whole number"),
        ("nsteps", 0.5, TypeError, "0.5 is no whole number"),
        ("nsteps", True, TypeError, "True is no whole number"),
        ("nsteps", [1, 2], ValueError, "2 values where one belongs"),
        ("nsteps", [], ValueError, "0 values where one belongs"),
        ("nsteps", {}, TypeError, "{} is no whole number"),
        ("nstxout", 2**31, ValueError, "does not fit into 32 bits"),
        ("nsteps", 2**63, ValueError, "does not fit into 64 bits"),
        ("dt", math.nan, ValueError, "nan is not finite"),
        ("dt", "inf", ValueError, "inf is not finite"),
        ("dt", 10**400, ValueError, "is not finite"),
        ("dt", 1j, TypeError, "1j is no number"),
        ("dt", "2d-3", ValueError, "'2d-3' is no number"),
        ("ref-t", [300, None], TypeError, "None is no number"),
        ("ref-t", [[300]], TypeError, r"\[300\] is no number"),
        ("ref-t", {300, 310}, TypeError, "It takes a list of finite numbers"),
        ("tc-grps", ["a b"], ValueError, "'a b' is not one word"),
        ("tc-grps", [""], ValueError, "'' is not one word"),
        ("define", "-DX\n-DY", ValueError, r"can't stand in the value"),
        ("define", "-DX = 3", ValueError, "at '=' grompp would hang for ever. It takes words"),
        ("include", "-I a", ValueError, "at '-I' grompp would hang"),
        ("define", "-DX ; -DY", ValueError, "';' can't stand in the value"),
        ("define", b"-DX", TypeError, "is no text"),
        ("title", "\ud800", ValueError, "can't be set"),
        ("pcoupl", False, TypeError, "False is no text"),
        ("unknown", math.nan, ValueError, "nan is not finite"),
        ("a b", 1, ValueError, "' ' is in it"),
        ("a=b", 1, ValueError, "'=' is in it"),
        ("", 1, ValueError, "can't be the name of a parameter"),
        (5, 1, TypeError, "5 is no name of a parameter"),
    ],
)
def test_what_can_not_be_set_is_refused(
    make, key: Any, value: Any, error: type, words: str
) -> None:
    mdp = make("nsteps = 5\n")
    with pytest.raises(error, match=words):
        mdp[key] = value
    assert dict(mdp) == {"nsteps": 5}


@pytest.mark.parametrize(
    "line",
    [
        "define = POSRES",
        "nsteps = abc",
        "nsteps = 1e3",
        "nsteps = 1 2",
        "dt = 2d-3",
        "electric-field-x = 1 2 3 x",
    ],
)
def test_what_has_not_its_type_is_refused_with_its_place(make, line: str) -> None:
    key, value = line.split(" = ")
    with pytest.raises(ValueError, match=rf"md\.mdp, line 3: {key} = '{value}': .* It takes"):
        make(f"integrator = md\n; comment\n{line}\n")


def test_a_failed_reading_leaves_everything_as_it_was(make, tmp_path: Path) -> None:
    mdp = make("nsteps = 5\n")
    (tmp_path / "bad.mdp").write_text("nsteps = x\n")
    with pytest.raises(ValueError, match=r"bad\.mdp, line 1"):
        mdp.original_file = tmp_path / "bad.mdp"
    with pytest.raises(FileNotFoundError, match="is no file"):
        mdp.original_file = tmp_path
    assert mdp.original_file == str(tmp_path / "md.mdp")
    assert mdp["nsteps"] == 5


def test_another_original_file_is_read(make, tmp_path: Path) -> None:
    mdp = make("nsteps = 5\n")
    (tmp_path / "other.mdp").write_text("dt = 0.004\n")
    mdp.original_file = tmp_path / "other.mdp"
    assert dict(mdp) == {"dt": 0.004}
    assert not mdp.changed


def test_parse_discards_changes_wherever_one_has_gone(
    make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("nsteps = 5\n")
    monkeypatch.chdir(tmp_path)
    mdp = MDP("md.mdp")
    mdp["nsteps"] = 6
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    mdp.parse()
    assert mdp["nsteps"] == 5
    assert mdp.original_file == "md.mdp"


def test_write_replaces_only_when_told(make, tmp_path: Path) -> None:
    mdp = make("nsteps = 5\n")
    mdp["nsteps"] = 6
    with pytest.raises(FileExistsError, match="overwrite=True"):
        mdp.write(tmp_path / "md.mdp")
    assert mdp.changed
    mdp.write(tmp_path / "md.mdp", overwrite=True)
    assert not mdp.changed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["md.mdp"]


@pytest.mark.parametrize("name", SAMPLES)
def test_copies_are_equal_and_independent(make, name: str) -> None:
    mdp = make(SAMPLES[name])
    mdp["ref-t"] = [1, 2]
    for twin in (copy.copy(mdp), copy.deepcopy(mdp), pickle.loads(pickle.dumps(mdp))):
        assert twin == mdp
        assert list(twin.changed_keys()) == ["ref-t"]
        twin["ref-t"][0] = 5
        assert mdp["ref-t"] == [1.0, 2.0]
        assert twin != mdp


def test_it_is_a_mapping(make) -> None:
    mdp = make("nsteps = 5\ndt = 0.1\n")
    assert list(mdp) == ["nsteps", "dt"]
    assert len(mdp) == 2
    assert mdp.get("nope", 3) == 3
    assert mdp.pop("dt") == 0.1
    mdp.update({"DT": 1}, nsteps=7)
    assert mdp == {"nsteps": 7, "dt": 1.0}
    assert 5 not in mdp
    assert None not in mdp
    for act in (lambda: mdp["no-pe"], lambda: mdp.__delitem__("no-pe"), lambda: mdp[5]):
        with pytest.raises(KeyError, match=r"no-pe|5"):
            act()
    with pytest.raises(TypeError, match="unhashable"):
        hash(mdp)


def test_differences_look_past_spelling(make) -> None:
    one = make(
        "Nst_Log = 010\ntcoupl = V-rescale\nref-t = 300\ntc-grps =\ndefine = -DA\nemtol = 1\n"
    )
    other = make("tcoupl=vrescale\nnstlog=10\nref_t=3e2\ninclude=\ndefine=-Da\nrvdw = 1", "b.mdp")
    assert one.differences(other) == {
        "define": ("-DA", "-Da"),
        "emtol": (1.0, None),
        "rvdw": (None, 1.0),
    }
    assert make("emtol = nan").differences(make("emtol = NAN", "c.mdp")) == {}
    with pytest.raises(TypeError, match="is no MDP"):
        one.differences({})  # type: ignore[arg-type]


def test_representations_say_what_is_in_it(make) -> None:
    mdp = make("title = <script>\nref-t = 300 310\n")
    mdp["nsteps"] = 5
    assert repr(mdp).splitlines()[1:] == [
        "  title = <script>",
        "  ref-t = 300.0 310.0",
        "* nsteps = 5",
    ]
    assert "3 parameters, 1 changed (*)" in repr(mdp)
    assert "&lt;script&gt;" in mdp._repr_html_()
    assert "<script" not in mdp._repr_html_()
    mdp.update({f"key{number}": "x" for number in range(100)})
    assert len(repr(mdp).splitlines()) == 61
    assert "the first 60" in repr(mdp)
    repr(make(b"title = \xff\xe9\n")).encode()


# What engines ask


def test_frames_come_as_often_as_the_trajectory_says(make) -> None:
    mdp = make("nstxout = 10\nnstvout = 20\nnstxtcout = 5\n")
    assert nstout_from_mdp(mdp) == mdp.nstout("trr") == 10
    assert nstout_from_mdp(mdp, traj_type="xtc") == mdp.nstout("XTC") == 5


@pytest.mark.parametrize(
    ("content", "traj_type", "words"),
    [
        ("", "TRR", "nstxout = 0 .* set nstxout to the number of steps"),
        ("nstxout = 0\nnstxout-compressed = 5", "trr", "nstxout = 0"),
        ("nstxout = 5", "xtc", "nstxout-compressed = 0 .* writes no XTC"),
        ("nstxout-compressed = -1", "xtc", "nstxout-compressed = -1"),
        ("nstxout = 10\nnstvout = 5", "TRR", "nstvout = 5 .* no multiple of nstxout = 10"),
        ("nstxout = 10\nnstfout = 15", "TRR", "nstfout = 15 .* no multiple of nstxout = 10"),
        ("nstxout = 10", "DCD", "traj_type='DCD' .* TRR or XTC"),
        ("nstxout = 10", None, "traj_type=None"),
    ],
)
def test_trajectories_that_would_not_do_are_refused(
    make, content: str, traj_type: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        nstout_from_mdp(make(content), traj_type)


def test_how_a_simulation_begins_is_set_in_place(make, tmp_path: Path) -> None:
    mdp = make("gen_vel = YES\nunconstrained-start = Yes\n")
    assert ensure_mdp_options(mdp) is mdp
    assert (mdp["gen-vel"], mdp["continuation"]) == ("no", "Yes")
    assert text_of(mdp, tmp_path) == "gen-vel = no\nunconstrained-start = Yes\n"
    assert mdp.ensure_options(genvel="yes", continuation="no") is mdp
    assert (mdp["gen-vel"], mdp["continuation"]) == ("yes", "no")
    with pytest.raises(ValueError, match="genvel='maybe' has to be 'yes' or 'no'"):
        ensure_mdp_options(mdp, genvel="maybe")


# The bases, as downstream packages use them


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


# Whatever a file holds

noise = st.binary(max_size=80)
PIECES = b"nsteps ref-t = ; \n \r\n 5 1e3 abc \0 \xff pull pull-coord1-k yes my_key MYKEY - _ \x0c"
pieces = st.sampled_from([*PIECES.split(b" "), b" ", b"\xc2\xa0"])


@many
@given(content=st.one_of(noise, st.lists(pieces, max_size=30).map(b"".join)))
def test_any_bytes_are_read_or_refused_in_words(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "noise.mdp"
    file.write_bytes(content)
    try:
        mdp = MDP(file)
    except ValueError as error:
        told = str(error)
        told.encode()
        refused = not isinstance(error, UnicodeError)
        location = f"{file}, line "
        if not (refused and told.startswith(location)):
            raise
        return
    mdp.write(tmp_path / "copy.mdp", overwrite=True)
    assert (tmp_path / "copy.mdp").read_bytes() == content
    assert MDP(tmp_path / "copy.mdp").differences(mdp) == {}
    (repr(mdp) + mdp._repr_html_()).encode()


@many
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False)),
    whole=st.integers(-(2**63), 2**63 - 1),
)
def test_numbers_are_written_exactly(values: list[float], whole: int, tmp_path: Path) -> None:
    (tmp_path / "empty.mdp").write_text("")
    mdp = MDP(tmp_path / "empty.mdp")
    mdp["ref-t"], mdp["nsteps"] = values, whole
    mdp.write(tmp_path / "out.mdp", overwrite=True)
    again = MDP(tmp_path / "out.mdp")
    assert [value.hex() for value in again["ref-t"]] == [value.hex() for value in values]
    assert again["nsteps"] == whole


@many
@given(
    key=st.text(max_size=6),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(),
        lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=2), some),
        max_leaves=4,
    ),
    known=st.sampled_from(["", "nsteps", "dt", "ref-t", "tc-grps", "title", "gen-vel", "pcoupl"]),
)
def test_any_object_is_set_and_read_again_or_refused(
    key: str, value: Any, known: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.mdp").write_text("")
    mdp = MDP(tmp_path / "empty.mdp")
    try:
        mdp[known or key] = value
    except (TypeError, ValueError):
        assert not mdp
        return
    mdp.write(tmp_path / "out.mdp", overwrite=True)
    assert MDP(tmp_path / "out.mdp").differences(mdp) == {}
