"""GROMACS itself says what is right: its processed parameters before and after."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from grompp_runs import grompp
from mdp_compare import processed, set_one_by_one, unread, written
from mdp_samples import SAMPLES

from asyncmd_jupyter.engines.gromacs import mdp_names
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import folded, option_of
from asyncmd_jupyter.engines.mdvalues import (
    CHOICE,
    FLAG,
    LONG,
    REAL,
    WHOLE,
    to_text,
)

pytestmark = pytest.mark.gromacs


@pytest.mark.parametrize("name", SAMPLES)
def test_files_of_real_life_survive(name: str, tmp_path: Path) -> None:
    file = written(tmp_path, SAMPLES[name])
    before = grompp(file)
    assert before.accepted, before.words
    mdp = MDP(file)
    mdp.write(tmp_path / "copy.mdp")
    assert (tmp_path / "copy.mdp").read_bytes() == file.read_bytes()

    anew = grompp(set_one_by_one(mdp, tmp_path))

    assert anew.accepted, anew.words
    there, here = processed(before), processed(anew)
    left_out = unread(mdp)
    differing = {key for key in there.keys() | here.keys() if there.get(key) != here.get(key)}
    assert {key for key in differing if not any(folded(other) == key for other in left_out)} <= {
        "refp"
    }
    if not left_out:
        assert anew.input_record == before.input_record


@pytest.mark.parametrize("name", ["nvt", "awh", "free_energy", "walls", "fields"])
def test_what_grompp_writes_survives(name: str, tmp_path: Path) -> None:
    first = grompp(written(tmp_path, SAMPLES[name]))
    file = written(tmp_path, first.mdout.read_bytes(), "all.mdp")
    mdp = MDP(file)
    assert len(mdp) > 150

    again = grompp(file)
    anew = grompp(set_one_by_one(mdp, tmp_path))

    assert again.parameters == first.parameters
    assert processed(anew) == processed(first)
    assert anew.input_record == again.input_record


@pytest.mark.parametrize("name", SAMPLES)
def test_every_option_that_grompp_writes_is_known_with_its_type(name: str, tmp_path: Path) -> None:
    outcome = grompp(written(tmp_path, SAMPLES[name]))
    mdp = MDP(written(tmp_path, outcome.mdout.read_bytes(), "all.mdp"))
    for key, text in outcome.parameters.items():
        option = option_of(key)
        assert option is not None, key
        if re.fullmatch(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", text):
            numbers = mdp[key] if isinstance(mdp[key], list) else [mdp[key]]
            assert [float(number) for number in numbers] == [float(text)], key


def test_types_are_those_that_grompp_names(tmp_path: Path) -> None:
    scalars = {
        folded(name): (name, kind)
        for kind, names in mdp_names.ALWAYS.items()
        if kind in (WHOLE, LONG, REAL, CHOICE, FLAG)
        for name in names.split()
        if name != "pbc"  # grompp dies of it
    }
    outcome = grompp(written(tmp_path, "".join(f"{name} = abc\n" for name, _ in scalars.values())))
    words = " ".join(outcome.words.split())

    wholes = re.findall(r"parameter '(\S+)' in parameter file is not an integer", words)
    reals = re.findall(r"parameter '(\S+)' in parameter file is not a real", words)
    choices = re.findall(r"for variable ([^,]+), using '\S+' Next time,? use one of: (.)", words)
    flags = re.findall(
        r"for variable ([^,]+), using '\S+' Next time,? use one of:((?: '[^']+')+)", words
    )
    assert len(wholes) > 30 < len(reals)
    assert {scalars[folded(key)][1] for key in wholes} <= {WHOLE, LONG}
    assert {scalars[folded(key)][1] for key in reals} == {REAL}
    assert {scalars[folded(key)][1] for key, _ in choices} == {CHOICE, FLAG}
    takes_both = {folded(key) for key, known in flags if "'no'" in known and "'yes'" in known}
    takes_both.discard("tcoupl")  # its yes means Berendsen's
    named = {folded(key) for key, _ in flags}
    assert takes_both == {key for key in named if scalars[key][1] == FLAG}


@pytest.mark.parametrize(("old", "new"), mdp_names.RENAMED.items())
def test_old_names_mean_what_grompp_takes_them_for(old: str, new: str, tmp_path: Path) -> None:
    value = {"continuation": "yes", "compressed-x-grps": "System"}.get(new, "1")
    outcome = grompp(written(tmp_path, f"{old} = {value}\n"))
    assert f"Replacing old mdp entry '{old}' by '{new}'" in outcome.words
    mdp = MDP(tmp_path / "given.mdp")
    assert list(mdp) == [new]
    assert mdp[old] == mdp[new]


def test_both_names_of_one_option_are_refused_by_both(tmp_path: Path) -> None:
    file = written(tmp_path, "nstxtcout = 5\nnstxout-compressed = 5\n")
    assert not grompp(file).accepted
    with pytest.raises(ValueError, match="line 2: nstxout-compressed = '5' is set already in line"):
        MDP(file)


REFUSED_LINES = [
    "- = 1\n_ = 2",
    "nsteps = 1\nNSTEPS = 1",
    "tau-t = 1\ntau_t = 1",
    "my-key = 1\nMYKEY = 2",
    "nsteps",
    "= 5",
    "=",
    "nsteps ; = 5",
    "\ufeff; a mark before a comment",
    "hello world",
    " \f",
]


ACCEPTED_LINES = [
    "",
    " \t\r",
    "nsteps =\nnsteps = 1",
    "nsteps = 1\nnsteps =",
    "n-s_t-eps = 1",
    "my-key = 1 = 2",
    "nsteps = 1 \0 = nonsense",
    "# key = value",
    "n steps = 5",
    "define = -DX=",
    "define = -Ua --D\t-xyz",
    "pull-coord#-k = 5",
    "- = 5",
    "nstcheckpoint = never",
]


@pytest.mark.parametrize("lines", REFUSED_LINES)
def test_lines_that_grompp_refuses_are_refused_with_their_number(
    lines: str, tmp_path: Path
) -> None:
    file = written(tmp_path, f"integrator = md\n{lines}\n")
    assert not grompp(file).accepted
    with pytest.raises(ValueError, match=rf"given\.mdp, line {2 + lines.count(chr(10))}: "):
        MDP(file)


@pytest.mark.parametrize("lines", ACCEPTED_LINES)
def test_lines_that_grompp_accepts_are_accepted(lines: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"integrator = md\n{lines}\ndt = 0.003\n")
    assert grompp(file).accepted
    mdp = MDP(file)
    assert mdp["dt"] == 0.003
    assert mdp.get("nsteps") == (1 if re.search("^n.*= 1", lines, re.MULTILINE) else None)


def test_inactive_features_may_hold_anything_active_ones_may_not(tmp_path: Path) -> None:
    values = {
        "pull-coord1-k": "soft",
        "ref-p": ["high"],
        "fep-lambdas": ["a", "b"],
        "annealing-time": ["noon"],
        "cyl0-r": "thick",
        "ref-t": ["warm"],
    }
    lines = "".join(f"{key} = {to_text(value)}\n" for key, value in values.items())
    head = "pull = no\npcoupl = no\ntc-grps = System\ntau-t = 1\nannealing = no\n"
    inactive = written(tmp_path, head + lines)
    assert grompp(inactive).accepted
    mdp = MDP(inactive)
    assert {key: mdp[key] for key in values} == values

    active = written(tmp_path, SAMPLES["pull"].replace("1e3", "soft"), "active.mdp")
    assert not grompp(active).accepted
    with pytest.raises(ValueError, match=r"active\.mdp, line 20: pull-coord1-k = 'soft'"):
        MDP(active)
