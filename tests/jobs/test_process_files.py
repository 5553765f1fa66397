"""The output of a SlurmProcess, without Slurm."""

import gc
import os
import tracemalloc
from dataclasses import replace

import pytest

from asyncmd_jupyter.jobs.folder import folder_for, prepare_folder
from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.jobs.slurm.process_files import OutputFiles

SIZE = 2**24


@pytest.fixture
def record(tmp_path):
    record = JobRecord(
        "abc", "n", "slurm", Command(("x",), tmp_path), folder_for(tmp_path, "n", "abc")
    )
    prepare_folder(record)
    return replace(record, native_id="7")


@pytest.fixture
def files(record):
    files = OutputFiles(record)
    files.show()
    record.stdout.write_bytes(bytes(SIZE))
    record.stderr.write_bytes(b"err")
    return files


def test_what_is_removed_can_be_read_as_often_as_wanted(files):
    files.finish(remove=True)
    assert not files.out.exists()
    assert not files.err.exists()
    for _ in range(2):
        out, err = files.read()
        assert (len(out), err) == (SIZE, b"err")


def test_nothing_is_kept_in_memory(files):
    tracemalloc.start()
    try:
        files.finish(remove=True)
        files.read()
        assert tracemalloc.get_traced_memory()[0] < SIZE / 4
    finally:
        tracemalloc.stop()


def test_a_forked_process_takes_none_with_it(record):
    files = OutputFiles(record)
    files.show()
    files.finish(remove=True)
    child = os.fork()
    if not child:
        del files
        gc.collect()
        os._exit(not record.stdout.exists())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert record.stdout.exists()


def test_they_are_gone_when_nobody_can_ask(record):
    files = OutputFiles(record)
    files.show()
    files.finish(remove=True)
    assert record.stdout.exists()
    del files
    gc.collect()
    assert not record.stdout.exists()
    assert not record.stderr.exists()


def test_planted_links_are_not_written_through(record, tmp_path):
    (tmp_path / "victim").write_text("mine")
    record.stdout.symlink_to(tmp_path / "victim")
    record.folder.chmod(0o777)
    OutputFiles(record).show()
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "victim").stat().st_nlink == 1
