"""Folders of runs in the folder of a project."""

import os
import stat
import warnings

import pytest

from asyncmd_jupyter.errors import OpenFolderWarning, UntrustedFolderError
from asyncmd_jupyter.jobs.folder import jobs_folder
from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.sampling.run_folder import check_folder, make_ready, remove_file_or_scratch
from asyncmd_jupyter.sampling.slurm_function_files import new_result, remove_result

STRANGER = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@needs_root
@pytest.mark.parametrize("continuation", [False, True])
async def test_a_folder_of_somebody_else_is_not_used(tmp_path, continuation):
    folder = tmp_path / "a"
    folder.mkdir()
    folder.chmod(0o777)
    os.chown(folder, STRANGER, STRANGER)
    with pytest.raises(UntrustedFolderError, match="belongs to another user, whose run it is"):
        check_folder(folder, overwrite=not continuation, continuation=continuation)
    with pytest.raises(UntrustedFolderError):
        await make_ready(folder, overwrite=not continuation)


async def test_one_of_ours_is_closed_which_is_said(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    folder.chmod(0o2775)
    with pytest.warns(OpenFolderWarning, match="closed to them now"):
        await make_ready(folder, overwrite=False)
    assert mode(folder) == 0o2755
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await make_ready(folder, overwrite=False)


async def test_a_new_one_is_closed_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        await make_ready(tmp_path / "a", overwrite=False)
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o755


async def test_overwriting_removes_no_folder_of_the_user(runtime, tmp_path):
    folder = tmp_path / "a"
    kept = [folder / "a.analysis", folder / "a", tmp_path / "elsewhere"]
    gone = [
        folder / ".a_0.part0001.live",
        folder / ".a_0.part0002.joined-x7",
        folder / ".a.ab12_x3z",
    ]
    for each in (*kept, *gone):
        each.mkdir(parents=True)
        (each / "file").touch()
    (folder / "a.link").symlink_to(tmp_path / "elsewhere")
    (folder / "a_0.part0001.xtc").touch()
    await make_ready(folder, overwrite=True)
    assert all((each / "file").exists() for each in kept)
    assert sorted(folder.iterdir()) == sorted(kept[:2])


@needs_root
def test_nor_one_of_somebody_else(tmp_path):
    scratch = tmp_path / ".a.part0001.live"
    scratch.mkdir()
    os.chown(scratch, STRANGER, STRANGER)
    remove_file_or_scratch(scratch)
    assert scratch.is_dir()


class TestResultsOfFunctions:
    """What programs have written is removed, and nothing else."""

    @staticmethod
    def record(result):
        command = Command(("x",), result.parent)
        return JobRecord("a", "n", "local", command, result.parent, tags={"result": str(result)})

    def test_all_that_begins_with_its_name(self, tmp_path):
        result = new_result(tmp_path)
        result.parent.mkdir(mode=0o755)
        result.with_name(result.name + ".npy").touch()
        (result.parent / (result.name + ".d")).mkdir()
        (result.parent / "other").touch()
        remove_result(self.record(result))
        assert [path.name for path in result.parent.iterdir()] == ["other"]

    def test_nothing_elsewhere(self, tmp_path):
        for name in ("values.0123456789abcdef", "a"):
            (tmp_path / name).touch()
            remove_result(self.record(tmp_path / name))
            assert (tmp_path / name).exists()
        hidden = tmp_path / ".asyncmd_jobs"
        hidden.mkdir(mode=0o755)
        (hidden / "values").touch()
        remove_result(self.record(hidden / "values"))
        assert (hidden / "values").exists()

    @needs_root
    def test_nothing_of_somebody_else(self, tmp_path):
        result = new_result(tmp_path)
        result.parent.mkdir()
        result.touch()
        os.chown(result.parent, STRANGER, STRANGER)
        remove_result(self.record(result))
        assert result.exists()
        assert new_result(tmp_path).parent == jobs_folder(tmp_path) != result.parent
