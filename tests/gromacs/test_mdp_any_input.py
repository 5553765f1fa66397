"""Whatever a file or a value holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.gromacs.mdconfig import MDP

many = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


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
