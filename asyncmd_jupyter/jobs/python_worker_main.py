"""What a Python worker runs: it makes the calls that come through a pipe, one by one."""

from __future__ import annotations

import os
import pickle
import queue
import struct
import threading
import traceback
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")
_IDLE_SECONDS = 60.0
_BEGUN = b"begun"


def main(requests: int, answers: int) -> None:
    """Answer requests until there is nobody any more who could send them."""
    waiting: queue.Queue[bytes] = queue.Queue()
    reader = threading.Thread(target=_read, args=(os.fdopen(requests, "rb"), waiting), daemon=True)
    reader.start()
    with os.fdopen(answers, "wb") as out:
        while True:
            try:
                request = waiting.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                return
            write_message(out, _BEGUN)
            write_message(out, _answer(request))


def read_message(pipe: BinaryIO) -> bytes | None:
    """Read one message; None if the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def write_message(pipe: BinaryIO, data: bytes) -> None:
    """Write one message."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _read(pipe: BinaryIO, waiting: queue.Queue[bytes]) -> None:
    while (request := read_message(pipe)) is not None:
        waiting.put(request)
    os._exit(0)  # also in the middle of a call: nobody waits for its result


def _answer(request: bytes) -> bytes:
    try:
        return _dumped(True, pickle.loads(request)())  # noqa: S301 - from our own process
    except BaseException as error:
        return _dumped_error(error)


def _dumped_error(error: BaseException) -> bytes:
    trace = "".join(traceback.format_exception(error))
    error.add_note(f"It was raised in another process:\n{trace}")
    try:
        data = _dumped(False, error.with_traceback(None))
        pickle.loads(data)  # noqa: S301 - many exceptions can be pickled, but not be read again
    except Exception:
        return _dumped(False, RuntimeError(f"{type(error).__name__} in another process:\n{trace}"))
    return data


def _dumped(succeeded: bool, value: Any) -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps((succeeded, value)))
