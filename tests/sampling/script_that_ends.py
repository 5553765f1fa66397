"""Scripts that end their event loop; run as a program: ``script_that_ends.py WHAT HOW``."""

import asyncio
import os
import signal
import sys

from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.testing import ToyEngine


def late(traj):
    return traj.frame_table().steps >= 200


def never(traj):
    return traj.frame_table().steps < 0


async def finished(name="first"):
    """What is awaited, and nothing else."""
    propagator = ConditionalTrajectoryPropagator.from_engine(
        ToyEngine(nstout=10, seed=1), [late], walltime_per_part=1.0
    )
    path, _ = await propagator.propagate_and_concatenate(
        None, workdir=".", deffnm=name, tra_out=f"{name}.trr"
    )
    print(name, path.last_step)


async def left(name="run"):
    """A run that goes on when the loop ends."""
    run = start_run(ToyEngine(nstout=10, seed=1), None, until=[never], name=name)
    while not run.snapshot().walkers[0].n_frames:
        await asyncio.sleep(0.01)
    print(name, "goes on")


async def failing():
    await left()
    raise ValueError("an error of the script")


async def interrupted():
    await left()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)


async def in_a_thread():
    """The loop ends in the middle of everything that a simulation does."""
    run = start_run(ToyEngine(nstout=10, seed=1), None, until=[late], name="run")
    await asyncio.sleep(0)
    print(run.id, "begins")


async def taken_up():
    """A run of a loop that was closed goes on in another one, with the same job."""
    run = Runs.current().get("run")
    try:
        await run
    except RuntimeError as error:
        print(error)
    again = run.resume()
    [seen] = run.snapshot().walkers
    while again.snapshot().walkers[0].n_frames <= seen.n_frames:
        await asyncio.sleep(0.01)
    print("same job:", again.snapshot().walkers[0].job_id == seen.job_id)
    await again.cancel()
    print(again.state.value)


def left_and_taken_up():
    return left(), taken_up()


def new_loop():
    loop = asyncio.new_event_loop()
    loop.slow_callback_duration = 1e9  # a busy machine is no fault
    return loop


def stopped(*coroutines):
    """As scripts of the predecessor do."""
    for coroutine in coroutines:
        new_loop().run_until_complete(coroutine)


def closed(*coroutines):
    for coroutine in coroutines:
        loop = new_loop()
        try:
            loop.run_until_complete(coroutine)
        finally:
            loop.close()


def ran(*coroutines):
    for coroutine in coroutines:
        with asyncio.Runner(loop_factory=new_loop) as runner:  # what asyncio.run does
            runner.run(coroutine)


def several():
    """One loop after the other, and each time something is left."""
    return left("one"), finished("two"), left("three"), finished("four")


if __name__ == "__main__":
    what, how = (globals()[name] for name in sys.argv[1:])
    coroutines = what()
    try:
        how(*coroutines if isinstance(coroutines, tuple) else (coroutines,))
    except ValueError as error:
        print(error)
    except KeyboardInterrupt:
        print("interrupted")
