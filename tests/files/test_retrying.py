"""File systems that are away for a moment, or for good."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import FileSystemError
from asyncmd_jupyter.files import retrying
from asyncmd_jupyter.files.retrying import in_thread, is_transient, retried


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSES", (0.0001, 0.001))


class Failing:
    """Raises an error so many times, then gives the number of its calls."""

    def __init__(self, error: BaseException, times: float) -> None:
        self.error = error
        self.times = times
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return self.calls


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.ENODEV])
async def test_is_tried_again(tmp_path: Path, caplog, number: int):
    failing = Failing(OSError(number, "away"), 7)
    with caplog.at_level(logging.WARNING):
        assert await in_thread(tmp_path / "sim", failing) == 8
    [told] = caplog.messages
    assert f"{tmp_path / 'sim'} can't be used at the moment" in told


async def test_what_led_to_an_error_counts(tmp_path: Path):
    error = ValueError("no frames")
    error.__cause__ = OSError(errno.ESTALE, "stale")
    assert await in_thread(tmp_path, Failing(error, 3)) == 4


@pytest.mark.parametrize(
    "error",
    [
        *(ValueError("a verdict"), FileNotFoundError(errno.ENOENT, "gone")),
        *(OSError(errno.ENOSPC, "full"), FileExistsError("said by us"), TimeoutError("late")),
    ],
)
async def test_others_are_raised_at_once(tmp_path: Path, error: Exception):
    assert not is_transient(error)
    failing = Failing(error, 1)
    with pytest.raises(type(error)):
        await in_thread(tmp_path, failing)
    assert failing.calls == 1


async def test_one_without_a_number_is_tried_a_few_times(tmp_path: Path):
    """As libraries that read XTC raise it, also for a file that is damaged."""
    assert await in_thread(tmp_path, Failing(OSError("XDR read error"), 3)) == 4
    failing = Failing(OSError("XDR read error"), 100)
    with pytest.raises(OSError, match="XDR"):
        await in_thread(tmp_path, failing)
    assert failing.calls == 5


async def test_given_up_after_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retrying, "GIVE_UP_SECONDS", 0.01)
    error = OSError(errno.EIO, "Input/output error")
    with pytest.raises(FileSystemError, match=r"Input/output.*file system '/.*go on") as raised:
        await in_thread(tmp_path / "sim", Failing(error, 10**9))
    assert not is_transient(raised.value), "nobody begins to wait again"


async def test_a_call_is_made_anew(tmp_path: Path):
    failing = Failing(OSError(errno.EIO, "away"), 2)

    async def call() -> int:
        return failing()

    assert await retried(call, tmp_path) == 3
