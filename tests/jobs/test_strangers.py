"""Folders of jobs in the folder of a project, where others can put what they like."""

import os
import stat
import struct
import subprocess
import sys
from dataclasses import replace

import pytest
from strangers import give_away, needs_root, plant, swap, swapping_mv

from asyncmd_jupyter.errors import JobError, SubmissionError, UntrustedFolderError
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.folder import (
    folder_for,
    jobs_folder,
    prepare_folder,
    read_end,
    read_note,
    read_start,
    read_tail,
    remove_folder,
    rewrite_script,
)
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, ScriptTemplate
from asyncmd_jupyter.jobs.remains import Remains, note_that_it_runs
from asyncmd_jupyter.jobs.slurm import request
from asyncmd_jupyter.jobs.slurm.claims import read_claimant, revoke
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.traces import read_traces
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.settings import SlurmSettings


@pytest.fixture
def project(tmp_path):
    """A folder in which others may write."""
    folder = tmp_path / "project"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def job(folder, *argv, job_id="abc", **more):
    command = Command(argv or ("true",), folder, **more)
    record = JobRecord(job_id, "n", "local", command, folder_for(folder, "n", job_id))
    prepare_folder(record)
    return record


def run(record, **env):
    """As a queue does: what was handed over, not what lies in the folder by now."""
    script = request.Request(record).script()
    return subprocess.run(["bash", "-c", script], check=False, env=os.environ | env)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class TestPlantedFolders:
    """In the place of the user's, while a job waits or runs."""

    pytestmark = needs_root

    @pytest.fixture
    def launcher(self, settings):
        return LocalLauncher(lambda: settings.cancel_grace)

    @pytest.fixture
    def waiting(self, project):
        record = job(project)
        swap(record.folder.parent)
        return record

    async def test_their_scripts_are_not_run(self, waiting, launcher, tmp_path):
        plant(waiting.script, f"touch {tmp_path / 'run'}")
        with pytest.raises(SubmissionError, match="another user"):
            await launcher.submit(waiting)
        assert not (tmp_path / "run").exists()

    async def test_nor_is_a_folder_of_ours_elsewhere(self, project, launcher, tmp_path):
        record = job(project, "touch", str(tmp_path / "run"))
        real = swap(record.folder.parent)
        record.folder.rmdir()
        record.folder.symlink_to(real / record.folder.name)
        with pytest.raises(SubmissionError, match="a link"):
            await launcher.submit(record)
        assert not (tmp_path / "run").exists()

    def test_what_they_say_is_not_believed(self, waiting):
        for name in ("started.0", "exit_code.0", "started.7"):
            plant(waiting.folder / name, "0\n")
        plant(waiting.folder / "batch", "beef 0\n")
        plant(waiting.folder / "claim.0", "12\n")
        plant(waiting.folder / "nodes.0", "n1\n")
        assert read_start(waiting) is None
        assert read_end(waiting) is None
        assert read_claimant(waiting, 0) is None
        traces = read_traces([waiting], frozenset({waiting.id}))[waiting.id]
        assert (traces.attempt, traces.start, traces.end, traces.nodes) == (0, None, None, ())
        assert Remains.of(waiting.folder) == Remains()
        memberships = Memberships()
        memberships.read([waiting])
        assert memberships.names(waiting) == (waiting.id,)

    def test_a_job_that_only_they_know_of_is_lost_and_says_why(self, project, launcher):
        record = job(project, job_id=f"lost{os.getpid()}")  # no process of another test has it
        swap(record.folder.parent)
        [status] = launcher.look([record]).values()
        assert status.state is JobState.LOST
        assert "another user" in status.reason

    def test_nothing_is_written_or_removed_there(self, waiting, tmp_path):
        victim = tmp_path / "victim"
        victim.write_text("mine")
        for name in ("script.sh", "claim.0", "batch", ".batch", "seen_running", "stdout.txt"):
            (waiting.folder / name).symlink_to(victim)
        before = sorted(waiting.folder.iterdir())
        with pytest.raises(UntrustedFolderError):
            rewrite_script(waiting)
        with pytest.raises(UntrustedFolderError):
            Memberships().enrol("beef", [waiting])
        revoke([waiting])
        note_that_it_runs(waiting.folder)
        remove_folder(waiting)
        run(waiting)
        assert sorted(waiting.folder.iterdir()) == before
        assert victim.read_text() == "mine"

    @pytest.mark.parametrize("is_array", [False, True])
    def test_a_script_in_a_queue_enters_no_other_folder(self, waiting, tmp_path, is_array):
        plant(waiting.script, f"touch {tmp_path / 'run'}")
        text = request.dispatcher([waiting]) if is_array else request.Request(waiting).script()
        env = os.environ | {"SLURM_ARRAY_TASK_ID": "0", "SLURM_JOB_ID": "1"}
        assert subprocess.run(["bash", "-c", text], check=False, env=env).returncode == -53
        assert not (tmp_path / "run").exists()
        assert [path.name for path in waiting.folder.iterdir()] == ["script.sh"]

    def test_a_link_to_a_folder_of_ours_is_not_entered(self, waiting, tmp_path):
        home = tmp_path / "home"
        home.mkdir(mode=0o755)
        waiting.folder.rmdir()
        waiting.folder.symlink_to(home)
        assert run(waiting).returncode == 1
        assert not list(home.iterdir())

    @pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
    def test_a_swap_in_the_middle_changes_nothing(self, project, tmp_path):
        record = job(project, template=ScriptTemplate("#!/bin/bash\necho ours\n"))
        jobs, run_by = record.folder.parent, tmp_path / "run"
        theirs = project / "theirs"
        (theirs / record.folder.name).mkdir(parents=True)
        plant(theirs / record.folder.name / "user_script.sh", f"touch {run_by}\n")
        give_away(theirs, theirs / record.folder.name)
        swapping = f"/bin/mv {jobs} {project / 'moved'}", f"/bin/mv {theirs} {jobs}"
        path = swapping_mv(tmp_path, "started", *swapping)
        assert run(record, PATH=path).returncode == 0
        assert not run_by.exists()
        real = project / "moved" / record.folder.name
        assert (real / "stdout.txt").read_text() == "ours\n"
        assert (real / "exit_code.0").read_text() == "0\n"
        assert [path.name for path in record.folder.iterdir()] == ["user_script.sh"]

    def test_the_input_is_that_of_the_user(self, project):
        folder = folder_for(project, "n", "abc")
        record = job(project, "cat", stdin=folder.with_name("input.beef"))
        record.command.stdin.write_text("ours")
        script = request.Request(record).script().decode()
        swapping = f"umask go-w\nmv {folder.parent} {project}/moved; mkdir {folder.parent}"
        text = script.replace(
            "\nput() {", f"\n{swapping}; echo x >{record.command.stdin}\nput() {{"
        )
        assert text != script
        subprocess.run(["bash", "-c", text], check=True)
        assert (project / "moved" / folder.name / "stdout.txt").read_text() == "ours"

    def test_another_one_of_a_project_has_a_folder_of_its_own(self, project):
        (project / ".asyncmd_jobs").mkdir()
        give_away(project / ".asyncmd_jobs")
        record = job(project)
        assert record.folder.parent.name == f".asyncmd_jobs.{os.geteuid()}"
        assert run(record).returncode == 0
        assert read_end(record).state is JobState.DONE
        remove_folder(record)
        assert not record.folder.exists()


def test_words_of_slurm_go_where_nobody_can_put_a_link(project):
    def outputs(record):
        argv = request.Request(record).argv(SlurmSettings(), (), lambda _: True)
        return {word.rpartition("/")[2] for word in argv if word.startswith(("--out", "--err"))}

    assert outputs(job(project)) == {"null"}
    project.chmod(0o755)
    assert outputs(job(project, job_id="b")) == {"slurm.txt"}


def test_no_umask_opens_a_folder(project):
    before = os.umask(0)
    try:
        record = job(project, "sh", "-c", "umask; touch made")
        run(record)
    finally:
        os.umask(before)
    assert mode(record.folder.parent) == mode(record.folder) == 0o755
    assert not [path for path in record.folder.iterdir() if mode(path) & 0o022]
    assert int(record.stdout.read_text(), 8) == 0  # the command has the user's
    assert mode(project / "made") == 0o666


def test_nor_do_rights_that_are_inherited(project):
    entries = ((1, 7, -1), (4, 7, -1), (8, 7, 4321), (16, 7, -1), (32, 7, -1))
    rights = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHi", tag, allowed, who) for tag, allowed, who in entries
    )
    try:
        os.setxattr(project, "system.posix_acl_default", rights)
    except OSError:
        pytest.skip("The file system has no lists of rights.")
    record = job(project)
    run(record)
    assert mode(record.folder) == 0o755
    assert not [path for path in record.folder.iterdir() if mode(path) & 0o022]
    assert read_end(record).state is JobState.DONE


def test_a_folder_of_an_earlier_version_is_closed_and_goes_on(project):
    record = job(project)
    run(record)
    for path in (record.folder.parent, record.folder):
        path.chmod(0o775)
    for name in ("started.0", "exit_code.0"):
        (record.folder / name).chmod(0o664)
    assert read_start(record) is not None
    assert read_end(record).state is JobState.DONE
    assert mode(record.folder) == 0o755
    assert mode(record.exit_file()) == 0o644
    job(project, job_id="next")
    assert mode(record.folder.parent) == 0o755


def test_planted_outputs_are_not_followed(project, tmp_path):
    record = job(project)
    (tmp_path / "secret").write_text("secret")
    record.stdout.symlink_to(tmp_path / "secret")
    os.mkfifo(record.stderr)
    assert read_tail(record.stdout, 5) == read_tail(record.stderr, 5) == ""
    assert read_note(record, "stderr.txt") is None


def test_only_folders_of_jobs_are_removed(project, caplog):
    record = job(project)
    for folder in (project, project / "data.abc", jobs_folder(project)):
        folder.mkdir(exist_ok=True)
        remove_folder(replace(record, folder=folder))
        assert folder.is_dir()
    assert "is kept" in caplog.text
    remove_folder(replace(record, id="other"))
    assert record.folder.is_dir()
    remove_folder(record)
    remove_folder(record)
    assert not record.folder.exists()


class TestStores:
    """The folder of the job store says which processes are signalled."""

    def save(self, folder):
        store = JobStore(folder)
        store.save(JobRecord("a", "n", "local", Command(("x",), folder), folder)).result()
        return store

    def test_one_that_others_could_write_to_is_closed(self, tmp_path):
        (tmp_path / "state").mkdir()
        (tmp_path / "state").chmod(0o777)
        self.save(tmp_path / "state")
        assert mode(tmp_path / "state") == 0o755
        assert mode(tmp_path / "state/jobs.sqlite") == 0o600

    def test_a_new_one_is_private(self, tmp_path):
        self.save(tmp_path / "a" / "state")
        assert mode(tmp_path / "a" / "state") == 0o700

    def test_it_may_be_a_link_of_the_user(self, tmp_path):
        (tmp_path / "scratch").mkdir()
        (tmp_path / "state").symlink_to("scratch")
        assert len(self.save(tmp_path / "state").find()) == 1

    @needs_root
    @pytest.mark.parametrize("what", ["state", "state/jobs.sqlite"])
    def test_one_of_somebody_else_is_refused(self, tmp_path, what):
        store = self.save(tmp_path / "state")
        give_away(tmp_path / what)
        for use in (store.find, lambda: store.request_cancel(["a"])):
            with pytest.raises(JobError, match=r"another user|not only this user's"):
                use()

    @needs_root
    def test_nor_is_a_budget_written_there(self, tmp_path):
        (tmp_path / "state").mkdir()
        give_away(tmp_path / "state")
        with pytest.raises(UntrustedFolderError):
            Budget(tmp_path / "state").grant(5)
        assert not list((tmp_path / "state").iterdir())
