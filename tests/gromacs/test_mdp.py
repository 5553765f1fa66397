"""Parameter files as mappings: reading, changing, writing."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from mdp_samples import MESSY, NVT, SAMPLES, text_of

from asyncmd_jupyter.gromacs.mdconfig import MDP


def test_values_have_the_types_that_users_expect(make_mdp) -> None:
    mdp = make_mdp(NVT)
    assert (mdp["nsteps"], mdp["dt"], mdp["ref-t"]) == (50000, 0.002, [300.0, 300.0])
    assert mdp["tc-grps"] == ["one", "two"]
    assert mdp["title"] == "Argon, NVT"
    assert mdp["define"] == "-DPOSRES -DPOSRES_FC=1000"
    assert isinstance(mdp["ref-t"][0], float)


def test_what_is_not_changed_is_written_as_it_was(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp(MESSY)
    mdp["nsteps"] = 5
    before, after = MESSY.split("\n"), text_of(mdp, tmp_path).split("\n")
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.strip() for line in differing if "\r" not in line] == ["nsteps = 5"]
    assert len(differing) == 1


def test_setting_the_old_value_again_changes_nothing(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("ref-t = 3e2 ; K\nref-p = 1 bar\n")
    mdp["ref-t"] = 310
    assert mdp.changed
    mdp["ref-t"] = 300
    assert not mdp.changed
    assert text_of(mdp, tmp_path) == "ref-t = 3e2 ; K\nref-p = 1 bar\n"


def test_lists_may_be_changed_in_place(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("ref-t = 300 300\n")
    mdp["ref-t"][1] = np.float32(0.1)
    assert mdp.changed
    assert text_of(mdp, tmp_path) == f"ref-t = 300.0 {float(np.float32(0.1))!r}\n"
    mdp["ref-t"].append("hot")
    with pytest.raises(ValueError, match=r"ref-t = .*'hot' is no number"):
        mdp.write(tmp_path / "never.mdp")
    assert not (tmp_path / "never.mdp").exists()


def test_taken_away_and_new_ones_are_written_so(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("; head\nnsteps = 5 ; five\ndt = 0.002")
    del mdp["nsteps"]
    mdp["gen-vel"] = True
    assert text_of(mdp, tmp_path) == "; head\ndt = 0.002\ngen-vel = yes\n"
    mdp["nsteps"] = 6
    assert text_of(mdp, tmp_path) == "; head\nnsteps = 6\ndt = 0.002\ngen-vel = yes\n"


def test_a_name_without_value_is_as_good_as_none(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("nsteps =\ntc-grps =\ninclude =\nnsteps = 4\ndt =\n")
    assert mdp["nsteps"] == 4
    assert "dt" not in mdp
    assert (mdp["tc-grps"], mdp["include"]) == ([], "")
    mdp["nsteps"], mdp["dt"] = 5, 1e-3
    assert text_of(mdp, tmp_path) == "nsteps = 5\ntc-grps =\ninclude =\ndt = 0.001\n"


def test_a_failed_reading_leaves_everything_as_it_was(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("nsteps = 5\n")
    (tmp_path / "bad.mdp").write_text("nsteps = x\n")
    with pytest.raises(ValueError, match=r"bad\.mdp, line 1"):
        mdp.original_file = tmp_path / "bad.mdp"
    with pytest.raises(FileNotFoundError, match="is no file"):
        mdp.original_file = tmp_path
    assert mdp.original_file == str(tmp_path / "md.mdp")
    assert mdp["nsteps"] == 5


def test_another_original_file_is_read(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("nsteps = 5\n")
    (tmp_path / "other.mdp").write_text("dt = 0.004\n")
    mdp.original_file = tmp_path / "other.mdp"
    assert dict(mdp) == {"dt": 0.004}
    assert not mdp.changed


def test_parse_discards_changes_wherever_one_has_gone(
    make_mdp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mdp("nsteps = 5\n")
    monkeypatch.chdir(tmp_path)
    mdp = MDP("md.mdp")
    mdp["nsteps"] = 6
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    mdp.parse()
    assert mdp["nsteps"] == 5
    assert mdp.original_file == "md.mdp"


def test_write_replaces_only_when_told(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("nsteps = 5\n")
    mdp["nsteps"] = 6
    with pytest.raises(FileExistsError, match="overwrite=True"):
        mdp.write(tmp_path / "md.mdp")
    assert mdp.changed
    mdp.write(tmp_path / "md.mdp", overwrite=True)
    assert not mdp.changed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["md.mdp"]


@pytest.mark.parametrize("name", SAMPLES)
def test_copies_are_equal_and_independent(make_mdp, name: str) -> None:
    mdp = make_mdp(SAMPLES[name])
    mdp["ref-t"] = [1, 2]
    for twin in (copy.copy(mdp), copy.deepcopy(mdp), pickle.loads(pickle.dumps(mdp))):
        assert twin == mdp
        assert list(twin.changed_keys()) == ["ref-t"]
        twin["ref-t"][0] = 5
        assert mdp["ref-t"] == [1.0, 2.0]
        assert twin != mdp


def test_it_is_a_mapping(make_mdp) -> None:
    mdp = make_mdp("nsteps = 5\ndt = 0.1\n")
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


def test_differences_look_past_spelling(make_mdp) -> None:
    one = make_mdp(
        "Nst_Log = 010\ntcoupl = V-rescale\nref-t = 300\ntc-grps =\ndefine = -DA\nemtol = 1\n"
    )
    other = make_mdp(
        "tcoupl=vrescale\nnstlog=10\nref_t=3e2\ninclude=\ndefine=-Da\nrvdw = 1", "b.mdp"
    )
    assert one.differences(other) == {
        "define": ("-DA", "-Da"),
        "emtol": (1.0, None),
        "rvdw": (None, 1.0),
    }
    assert make_mdp("emtol = nan").differences(make_mdp("emtol = NAN", "c.mdp")) == {}
    with pytest.raises(TypeError, match="is no MDP"):
        one.differences({})  # type: ignore[arg-type]


def test_representations_say_what_is_in_it(make_mdp) -> None:
    mdp = make_mdp("title = <script>\nref-t = 300 310\n")
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
    repr(make_mdp(b"title = \xff\xe9\n")).encode()
