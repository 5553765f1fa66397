"""Files that somebody else wrote, or put there to be read."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import (
    parse_json,
    parse_object,
    read_bytes,
    read_json,
    read_object,
    read_text,
)


def test_what_is_whole_is_read(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('{"seeds": [18446744073709551615, -1.5], "none": null}')
    assert read_json(path) == {"seeds": [2**64 - 1, -1.5], "none": None}
    assert read_bytes(path, limit=path.stat().st_size) == path.read_bytes()
    assert read_text("/proc/self/comm")  # which says that it has no bytes


def test_what_would_be_waited_for_is_refused(tmp_path: Path, monkeypatch):
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for name in ("fifo", "socket", "/dev/zero", "."):
            with pytest.raises(ForeignFileError, match="not a regular file"):
                read_bytes(name)


def test_links_are_followed_where_they_may_be(tmp_path: Path):
    (tmp_path / "a").write_text("text")
    (tmp_path / "link").symlink_to("a")
    assert read_text(tmp_path / "link") == "text"
    with pytest.raises(ForeignFileError, match="link is a symbolic link"):
        read_text(tmp_path / "link", follow=False)


def test_what_is_too_large_is_not_read(tmp_path: Path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ForeignFileError, match="more than 1000 bytes"):
        read_bytes(path, limit=1000)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a": 1' + "0" * 400 + "}", "401 digits"),
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("\udcff", "not valid JSON"),
    ],
)
def test_hostile_json(tmp_path: Path, text: str, why: str):
    path = tmp_path / "a.json"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(ForeignFileError, match=why) as error:
        read_json(path)
    assert str(path) in str(error.value)


def test_other_encodings(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(ForeignFileError, match="not UTF-8"):
        read_text(tmp_path / "a")


@given(st.text(alphabet='[]{}",:0123456789eE+-.ntrufalsI\\ ', max_size=60))
def test_only_value_errors_come_from_any_text(text: str):
    with suppress(ValueError):
        parse_json(text)


@pytest.mark.parametrize("text", ["[1]", "null", '"text"', "3", "{"])
def test_what_is_no_object(tmp_path: Path, text: str):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ForeignFileError, match=r"a\.json is not"):
        read_object(path)
    with pytest.raises(ValueError, match=r"^it is not|Expecting"):
        parse_object(text)
