"""Files that are whole, or as they were."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from asyncmd_jupyter.files import writing
from asyncmd_jupyter.files.writing import (
    create,
    new_file,
    new_path,
    write_bytes,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_replaces_a_file_as_a_whole(tmp_path: Path):
    path = tmp_path / "a"
    write_text(path, "one", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open() as reader:
        write_text(path, "two")
        assert reader.read() == "one"
    assert path.read_text() == "two"
    assert names(tmp_path) == ["a"]


def test_a_planted_link_is_replaced_and_not_followed(tmp_path: Path):
    victim = tmp_path / "thesis"
    victim.write_text("precious")
    for write in (lambda path: write_bytes(path, b"new"), by_new_file):
        path = tmp_path / "a"
        path.unlink(missing_ok=True)
        path.symlink_to(victim)
        write(path)
        assert not path.is_symlink()
        assert victim.read_text() == "precious"


def by_new_file(path: Path) -> None:
    with new_file(path, overwrite=True, durable=True) as file:
        file.write(b"new")


def test_names_beside_can_t_be_guessed_and_must_be_free(tmp_path: Path, monkeypatch):
    victim = tmp_path / "thesis"
    victim.write_text("precious")
    (tmp_path / ".0000.a").symlink_to(victim)  # as if it had been guessed
    monkeypatch.setattr(writing.secrets, "token_hex", lambda _: "0000")
    with pytest.raises(FileExistsError):
        write_bytes(tmp_path / "a", b"new")
    with pytest.raises(FileExistsError):
        create(tmp_path / ".0000.a")
    with pytest.raises(FileExistsError):
        by_new_file(tmp_path / "a")
    assert victim.read_text() == "precious"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch):
    path = tmp_path / "a"
    write_text(path, "old")
    code = (
        "import resource, signal, sys\n"
        "from asyncmd_jupyter.files.writing import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_bytes(sys.argv[1], bytes(2000))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert "File too large" in done.stderr
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_content_is_on_the_disk_before_its_name(tmp_path: Path, monkeypatch):
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, real=real, name=name: (done.append(name), real(*args))[1]
        )
    write_text(tmp_path / "a", "text")
    assert done == ["fsync", "replace", "fsync"]
    done.clear()
    write_text(tmp_path / "a", "text", durable=False)
    assert done == ["replace"]


def test_an_error_of_the_disk_is_told(tmp_path: Path, monkeypatch):
    path = tmp_path / "a"
    write_text(path, "old")

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output error"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(("number", "is_told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_is_not_synced(tmp_path: Path, monkeypatch, number: int, is_told: bool):
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output") if is_told else nullcontext():
        write_text(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte, nearly full."""
    folder = tmp_path / "full"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=True)
    (folder / "filler").write_bytes(bytes(2**20 - 8192))
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.parametrize("durable", [True, False])
def test_a_full_disk_is_named(full_disk: Path, durable: bool):
    told = rf"no room on the file system '{full_disk}' .*: make some, .*: '{full_disk}/out'"
    with pytest.raises(OSError, match=told) as caught:
        write_bytes(full_disk / "out", bytes(100_000), durable=durable)
    assert caught.value.errno == errno.ENOSPC
    with (
        pytest.raises(OSError, match=told),
        new_file(full_disk / "out", durable=durable) as file,
    ):
        file.write(bytes(100_000))
    assert [path.name for path in full_disk.iterdir()] == ["filler"]


def test_other_errors_keep_their_words(tmp_path: Path):
    path = tmp_path / "out"
    with pytest.raises(OSError, match="of 6 frames 5 can be read"), new_path(path):
        raise OSError(errno.ENOSPC, "of 6 frames 5 can be read")
    with pytest.raises(OSError, match=f"Input/output error: '{path}'"), new_path(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(FileNotFoundError, match=r"nowhere/\.\w+\.out"):
        write_bytes(tmp_path / "nowhere" / "out", b"")
