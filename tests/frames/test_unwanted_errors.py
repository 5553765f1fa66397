from __future__ import annotations

import asyncio
import gc
import logging
import threading

import pytest

from asyncmd_jupyter.frames.threads import WorkThreads


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
async def test_an_error_after_the_caller_was_cancelled_is_noted(runtime, caplog, times: int):
    """Quietly, and after it has ended: a live look then removes the frames that it read."""
    caplog.set_level(logging.DEBUG, logger="asyncmd_jupyter")
    threads = WorkThreads.current()
    began, go_on, told = threading.Event(), threading.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail() -> None:
        began.set()
        assert go_on.wait(60)
        raise ValueError("bang")

    task = asyncio.create_task(threads.run(fail))
    assert await asyncio.to_thread(began.wait, 60)
    for _ in range(times):
        task.cancel()
        for _ in range(20):
            await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    while threads._workers:
        await asyncio.to_thread(lambda: None)
    del task
    gc.collect()
    await asyncio.sleep(0)
    assert told == []
    (record,) = caplog.records
    assert (record.levelno, str(record.exc_info[1])) == (logging.DEBUG, "bang")
