"""GROMACS itself says what is right: its processed parameters before and after."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path

import numpy as np
import pytest
from grompp_runs import Processed, grompp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
    is_unset,
    real,
    to_text,
    whole,
    words_of,
)

pytestmark = pytest.mark.gromacs
few = settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def written(folder: Path, content: str | bytes, name: str = "given.mdp") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def set_one_by_one(mdp: MDP, folder: Path) -> Path:
    """A file with the same values, each written anew from what the mapping holds."""
    new = MDP(written(folder, "", "empty.mdp"))
    left_out = unread(mdp)
    new.update({key: value for key, value in mdp.items() if key not in left_out})
    new.write(folder / "anew.mdp")
    return folder / "anew.mdp"


def unread(mdp: MDP) -> set[str]:
    """Keys of values that are no numbers though they should be: GROMACS does not look at them."""

    def text_for_number(key: str) -> bool:
        option, items = option_of(key), mdp[key] if isinstance(mdp[key], list) else [mdp[key]]
        wanted = option is not None and option.kind.read in (whole, real)
        return wanted and any(isinstance(item, str) for item in items)

    infinite = {key for key, value in mdp.items() if value in (inf, -inf)}
    unknown = {key for key in mdp if option_of(key) is None and set(key) & set(" #")}
    return {key for key in mdp if text_for_number(key)} | infinite | unknown


def as_numbers(text: str) -> list[float | str]:
    """Values as GROMACS compares them: numbers by value, words without case and dashes."""

    def value(word: str) -> float | str:
        try:
            return real(word)
        except ValueError:
            return folded(word)

    return [value(word) for word in words_of(text)]


def processed(parameters: Processed) -> dict[str, list[float | str]]:
    return {folded(key): as_numbers(value) for key, value in parameters.parameters.items()}


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


# Properties

blanks = st.text(" \t\f\v\r", max_size=3)
number_like = st.one_of(
    st.from_regex(r"[+-]?[0-9]{1,9}", fullmatch=True),
    st.from_regex(r"[+-]?[0-9]{0,6}\.?[0-9]{0,6}([eEdD][+-]?[0-9]{0,2})?f?", fullmatch=True),
    st.from_regex(r"-?0[xX][0-9a-f]{0,4}\.?[0-9a-f]{0,2}([pP]-?[0-9]{0,2})?", fullmatch=True),
    st.sampled_from(["inf", "-INF", "nan", "NaN(a_1)", "infinity", "infin", "1_0", "0.1.2", "1,5"]),
    st.sampled_from(["\u0661", "1\u00a0", "1\x1c"]),
    st.floats(allow_nan=False).map(repr),
    st.text("0123456789.+-eExXpPnafi_ ", max_size=8),
).filter(lambda text: text.strip(" ") != "")
USERS = [f"user{kind}{number}" for kind in ("int", "real") for number in (1, 2, 3, 4)]


@few
@given(texts=st.fixed_dictionaries({name: number_like for name in USERS}))
def test_numbers_are_accepted_exactly_when_grompp_accepts_them(
    texts: dict[str, str], tmp_path: Path
) -> None:
    content = "".join(f"{name} = {text}\n" for name, text in texts.items())
    words = " ".join(grompp(written(tmp_path, content)).words.split())
    refused_there = set(re.findall(r"for parameter '(user\S+)' in parameter file is not", words))
    refused_here = {name for name, text in texts.items() if not reads(tmp_path, name, text)}
    assert refused_here == refused_there


def reads(folder: Path, name: str, text: str) -> bool:
    file = written(folder, f"{name} = {text}\n", "one.mdp")
    try:
        MDP(file)
    except ValueError:
        with pytest.raises(ValueError, match=rf"one\.mdp, line 1: {name} = "):
            MDP(file)
        return False
    return True


def in_memory(number: float) -> float:
    """As GROMACS holds it: in 32 bits, out of which large whole numbers wrap."""
    if isinstance(number, int):
        return (number + 2**31) % 2**32 - 2**31
    with np.errstate(over="ignore"):
        return float(np.float32(number))


@few
@given(texts=st.fixed_dictionaries({name: number_like for name in USERS}))
def test_numbers_have_the_values_that_grompp_gives_them(
    texts: dict[str, str], tmp_path: Path
) -> None:
    fine = {name: text for name, text in texts.items() if reads(tmp_path, name, text)}
    content = "".join(f"{name} = {text}\n" for name, text in fine.items())
    file = written(tmp_path, content + "gen-seed = 1\nld-seed = 1\n")
    record = dict(line.split(" = ") for line in grompp(file).input_record if "user" in line)
    values = {key.strip(): float(text) for key, text in record.items()}
    for name in fine:
        expected = in_memory(MDP(file)[name])
        assert values[name] == pytest.approx(expected, rel=1e-5, abs=1e-37, nan_ok=True)


NAMES = """
    nsteps nstlog emtol bd-fric userreal1 userint1 wall-r-linpot lincs-warnangle dh_hist_spacing
    comm-mode define include title nst-something"""


def spellings(name: str) -> st.SearchStrategy[str]:
    dashes = name[0] + "-" + name[1:]
    return st.sampled_from([name, name.upper(), name.replace("-", "_"), dashes])


spelled = st.sampled_from(words_of(NAMES)).flatmap(spellings)
values_of = {
    "comm-mode": st.sampled_from(["linear", "ANGULAR", "None"]),
    "define": st.from_regex(r"-D[A-Z]{4}=?[0-9]?", fullmatch=True),
    "include": st.from_regex(r"-I[a-z/.]{1,10}( -I[a-z]+)?", fullmatch=True),
    "title": st.text(st.characters(exclude_characters="\n\0;", codec="utf-8"), max_size=20),
    "nst-something": st.text("abc =1.", min_size=1, max_size=9),
}
WHOLE_NAMES = ("nsteps", "nstlog", "userint1")


@st.composite
def lines(draw: st.DrawFn) -> str:
    key = draw(spelled)
    option = option_of(key)
    name = option.name if option else "nst-something"
    numbers = st.integers(0, 10**6) if name in WHOLE_NAMES else st.floats(0, 1e6)
    value = draw(values_of.get(name, numbers.map(str)))
    comment = draw(st.sampled_from(["", "; note", ";nsteps = 5", "; \u00e9"]))
    parts = [draw(blanks), key, draw(blanks), "=", draw(blanks), value, draw(blanks), comment]
    return "".join(parts)


files = st.lists(
    st.one_of(lines(), lines(), lines(), blanks, st.just("; comment = 5")), max_size=10
).flatmap(lambda some: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(some)))


@few
@given(content=files)
def test_generated_files_survive_or_are_refused_as_by_grompp(content: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"{content}\nld-seed = 1\ngen-seed = 1\n")
    before = grompp(file)
    if "doubly defined" in before.words or "No '='" in before.words:
        with pytest.raises(ValueError, match=r"is set already in line|has no '='"):
            MDP(file)
        return
    mdp = MDP(file)
    mdp.write(tmp_path / "copy.mdp", overwrite=True)
    assert (tmp_path / "copy.mdp").read_bytes() == file.read_bytes()

    new = MDP(written(tmp_path, "", "empty.mdp"))
    new.update(mdp)
    new.write(tmp_path / "anew.mdp", overwrite=True)
    anew = grompp(tmp_path / "anew.mdp")
    assert anew.accepted == before.accepted
    assert processed(anew) == processed(before)
    assert new.differences(mdp) == {}


@few
@given(data=st.data(), name=st.sampled_from(list(SAMPLES)))
def test_one_changed_value_changes_nothing_else(
    data: st.DataObject, name: str, tmp_path: Path
) -> None:
    file = written(tmp_path, SAMPLES[name])
    mdp = MDP(file)
    number = data.draw(st.floats(0, 1e9))
    mdp["userreal2"] = number
    mdp["NST_log"] = 77
    mdp.write(tmp_path / "changed.mdp", overwrite=True)

    before, after = grompp(file), grompp(tmp_path / "changed.mdp")

    differing = {
        key: text
        for key, text in after.parameters.items()
        if before.parameters.get(key) != text and key not in ("gen-seed", "ld-seed")
    }
    assert real(after.parameters["userreal2"]) == number
    assert after.parameters["nstlog"] == "77"
    assert differing.keys() <= {"userreal2", "nstlog"}
    assert not is_unset(mdp["nstlog"])
