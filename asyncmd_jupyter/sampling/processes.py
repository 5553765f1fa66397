"""Functions of users in processes of their own, which use all cores and may crash."""

from __future__ import annotations

import functools
import pickle
import threading
import weakref
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import FunctionCrashedError
from asyncmd_jupyter.frames.threads import FILES_OF_A_CALL, WorkThreads
from asyncmd_jupyter.jobs.python_worker import PythonWorker, WorkerGoneError
from asyncmd_jupyter.runtime import Runtime
from asyncmd_jupyter.sampling.process_call import OtherCodeError, ProcessCall

_PIPES = 2


class FunctionProcesses:
    """Makes calls in other processes, as many at once as `WorkThreads` allows calls.

    A process is started when one is needed and kept for later calls, for as long as it is
    used now and then. When it dies, only the call it made fails. When the caller is
    cancelled, it is ended. None outlives this process or its runtime.
    """

    def __init__(self, owner: Runtime) -> None:
        self._runtime = weakref.ref(owner)
        self._lock = threading.Lock()
        self._idle: list[PythonWorker] = []
        self._all: set[PythonWorker] = set()
        weakref.finalize(self, _end, self._all)

    @classmethod
    def current(cls) -> FunctionProcesses:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    async def run(self, call: functools.partial[ProcessCall]) -> Any:
        """Await the result of a call.

        Parameters
        ----------
        call : partial of ProcessCall.of
            Is asked for the call in a thread, before any process is started.

        Raises
        ------
        FunctionCrashedError
            If the process died.
        RuntimeError
            If the function can't be proven to be the same there.
        """
        errand = _Errand(self, call)
        files = FILES_OF_A_CALL + _PIPES
        return await WorkThreads.current().run(errand.run, files=files, stop=errand.stop)

    def borrow(self, *, fresh: bool) -> PythonWorker:
        """Take a worker out of the pool, or a new one."""
        with self._lock:
            if self._idle and not fresh:
                return self._idle.pop()
        worker = PythonWorker()
        with self._lock:
            self._all.add(worker)
        return worker

    def give_back(self, worker: PythonWorker) -> None:
        """Keep a worker for the next call, unless there are enough."""
        owner = self._runtime()
        with self._lock:
            if owner is not None and len(self._idle) < owner.settings.max_processes:
                self._idle.append(worker)
                return
        self.dismiss(worker)

    def dismiss(self, worker: PythonWorker) -> None:
        """End a worker."""
        worker.close()
        with self._lock:
            self._all.discard(worker)


class _Errand:
    """One call, made by whichever worker can do it."""

    def __init__(self, pool: FunctionProcesses, call: functools.partial[ProcessCall]) -> None:
        self._pool = pool
        self._call = call
        self._lock = threading.Lock()
        self._worker: PythonWorker | None = None
        self._is_stopped = False

    def run(self) -> Any:
        call = self._call()
        pickled = pickle.dumps(call)
        # Without an id there is no telling whether a worker has old modules of the user.
        worker = self._pool.borrow(fresh=call.id is None)
        while True:
            is_fresh = not worker.calls
            try:
                return self._run_in(worker, pickled)
            except (WorkerGoneError, OtherCodeError) as error:
                if is_fresh:
                    raise _explained(call.name, error) from None
            except FunctionCrashedError as error:
                raise _explained(call.name, error) from None
            worker = self._pool.borrow(fresh=True)

    def stop(self) -> None:
        """End the worker, and so the call."""
        with self._lock:
            self._is_stopped = True
            if self._worker is not None:
                self._worker.kill()

    def _run_in(self, worker: PythonWorker, pickled: bytes) -> Any:
        keep = False
        try:
            self._begin_with(worker)
            result = worker.call(pickled)
            keep = True
            return result
        except (WorkerGoneError, OtherCodeError, FunctionCrashedError):
            raise
        except Exception:
            keep = True  # what the function raised
            raise
        finally:
            with self._lock:
                self._worker = None
                keep = keep and not self._is_stopped
            (self._pool.give_back if keep else self._pool.dismiss)(worker)

    def _begin_with(self, worker: PythonWorker) -> None:
        with self._lock:
            if self._is_stopped:
                raise FunctionCrashedError("it was cancelled")
            self._worker = worker


def _explained(name: str, error: Exception) -> Exception:
    if isinstance(error, OtherCodeError):
        return RuntimeError(
            f"{name} is not the same in another process. If a module of yours was changed after "
            "it was imported here, reload it (importlib.reload) or restart the kernel; else "
            "evaluate it without use_processes."
        )
    return FunctionCrashedError(f"{name} gave no result: {error}.")


def _end(workers: set[PythonWorker]) -> None:
    for worker in tuple(workers):
        worker.close()
