"""Names and values: how they may be given, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mdp_samples import text_of

from asyncmd_jupyter.engines.gromacs import mdp_features
from asyncmd_jupyter.engines.gromacs.mdp_features import option_of, spelling_of
from asyncmd_jupyter.engines.gromacs.mdp_options import ensure_mdp_options, nstout_from_mdp


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


@pytest.mark.parametrize("key", ["nst_xout", "NSTXOUT", "nst-Xout", "nstxout-"])
def test_names_may_be_spelled_in_any_way(make_mdp, key: str) -> None:
    mdp = make_mdp("nstxout = 5\n")
    assert mdp[key] == 5
    assert key in mdp
    mdp[key] = 7
    assert dict(mdp) == {"nstxout": 7}
    del mdp[key]
    assert key not in mdp


def test_unknown_names_are_kept_and_compared_like_the_others(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("My_Key = 1 two\n")
    assert mdp["my-key"] == ["1", "two"]
    mdp["MYKEY"] = 3.5
    mdp["new-key"] = [True and 1, "b"]
    assert text_of(mdp, tmp_path) == "My_Key = 3.5\nnew-key = 1 b\n"


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
    make_mdp, tmp_path: Path, key: str, value: Any, kept: Any
) -> None:
    mdp = make_mdp("")
    mdp[key] = value
    assert mdp[key] == kept
    assert type(mdp[key]) is type(kept)
    again = make_mdp(text_of(mdp, tmp_path), "again.mdp")
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
    make_mdp, key: Any, value: Any, error: type, words: str
) -> None:
    mdp = make_mdp("nsteps = 5\n")
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
def test_what_has_not_its_type_is_refused_with_its_place(make_mdp, line: str) -> None:
    key, value = line.split(" = ")
    with pytest.raises(ValueError, match=rf"md\.mdp, line 3: {key} = '{value}': .* It takes"):
        make_mdp(f"integrator = md\n; comment\n{line}\n")


def test_frames_come_as_often_as_the_trajectory_says(make_mdp) -> None:
    mdp = make_mdp("nstxout = 10\nnstvout = 20\nnstxtcout = 5\n")
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
    make_mdp, content: str, traj_type: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        nstout_from_mdp(make_mdp(content), traj_type)


def test_how_a_simulation_begins_is_set_in_place(make_mdp, tmp_path: Path) -> None:
    mdp = make_mdp("gen_vel = YES\nunconstrained-start = Yes\n")
    assert ensure_mdp_options(mdp) is mdp
    assert (mdp["gen-vel"], mdp["continuation"]) == ("no", "Yes")
    assert text_of(mdp, tmp_path) == "gen-vel = no\nunconstrained-start = Yes\n"
    assert mdp.ensure_options(genvel="yes", continuation="no") is mdp
    assert (mdp["gen-vel"], mdp["continuation"]) == ("yes", "no")
    with pytest.raises(ValueError, match="genvel='maybe' has to be 'yes' or 'no'"):
        ensure_mdp_options(mdp, genvel="maybe")
