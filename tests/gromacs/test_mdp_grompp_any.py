"""GROMACS itself says what is right, of files that nobody wrote."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from grompp_runs import grompp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mdp_compare import processed, written
from mdp_samples import SAMPLES

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import option_of
from asyncmd_jupyter.engines.mdvalues import (
    is_unset,
    real,
    words_of,
)

pytestmark = pytest.mark.gromacs


few = settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


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
