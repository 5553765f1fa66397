"""Folders that only this user writes to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.files.owners import check_ours, make_ours, open_ours, our_folder

STRANGER = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


def test_a_new_folder_is_ours_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        make_ours(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755
    make_ours(tmp_path / "a")
    assert not list((tmp_path / "a").iterdir())


def test_one_of_ours_is_closed_to_others(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o2777)
    with pytest.raises(UntrustedFolderError, match="chmod go-w"):
        check_ours(tmp_path / "a")
    make_ours(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o2755
    check_ours(tmp_path / "a")


@needs_root
def test_one_of_a_stranger_is_not_used(tmp_path: Path):
    (tmp_path / "a").mkdir()
    os.chown(tmp_path / "a", STRANGER, STRANGER)
    for use in (make_ours, check_ours):
        with pytest.raises(UntrustedFolderError, match=rf"another user \(uid {STRANGER}\)"):
            use(tmp_path / "a")
    assert not list((tmp_path / "a").iterdir())


def test_links_and_files_in_its_place(tmp_path: Path):
    (tmp_path / "real").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").touch()
    for name, what in (("link", "a link"), ("file", "not a folder")):
        for use in (make_ours, check_ours):
            with pytest.raises(UntrustedFolderError, match=what):
                use(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        check_ours(tmp_path / "none")


def test_files_in_it(tmp_path: Path):
    folder = tmp_path / "a"
    make_ours(folder)
    (folder / "mine").write_text("text")
    (folder / "mine").chmod(0o644)
    (folder / "open").touch()
    (folder / "open").chmod(0o666)
    (folder / "link").symlink_to("mine")
    os.mkfifo(folder / "fifo", 0o600)
    with our_folder(folder) as opened:
        folder.rename(tmp_path / "b")  # somebody moves it away
        (tmp_path / "a").mkdir()
        with os.fdopen(open_ours("mine", folder=opened)) as file:
            assert file.read() == "text"
        for name in ("open", "link", "fifo"):
            with pytest.raises(OSError, match=name):
                open_ours(name, folder=opened)


@needs_root
def test_files_of_strangers_in_it(tmp_path: Path):
    make_ours(tmp_path / "a")
    (tmp_path / "a/b").touch(mode=0o600)
    os.chown(tmp_path / "a/b", STRANGER, STRANGER)
    with our_folder(tmp_path / "a") as opened, pytest.raises(UntrustedFolderError, match="'b'"):
        open_ours("b", folder=opened)
