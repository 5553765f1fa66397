"""Whatever is sent: a clean refusal, and nothing told that is not the page's business."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState

SECRET = "do not tell"
LOG_LIMIT = 256 * 1024

few = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
path_like = some.one_of(
    some.text(max_size=40),
    some.lists(some.sampled_from(["..", ".", "/", "\\", "\0", "~", "%", "\n", "slurm:", "1_", "é"]))
    .map("".join)
    .filter(bool),
    some.from_regex(r"slurm:[0-9_\[\],-]{0,30}", fullmatch=True),
)
# Texts are too short to be ids.
json_like = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=3),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=5), inner),
    max_leaves=12,
)


def check_refusal(server, answer, *, codes=(400, 404, 405, 413)):
    assert answer.status in codes, answer
    assert set(answer.json) == {"message", "reason"}
    check_silence(server, answer)


def check_silence(server, answer):
    for told in (SECRET, str(server.root), str(server.state), "Traceback", "site-packages"):
        assert told not in answer.text


@few
@given(job_id=path_like)
def test_malformed_ids_of_logs(one_server, job_id):
    path = quote(job_id, safe="", errors="surrogatepass")
    check_refusal(one_server, one_server.request("GET", f"api/jobs/{path}/log"))
    check_refusal(one_server, one_server.request("GET", f"api/jobs/{path}/triage"))


@few
@given(raw=some.binary(min_size=1, max_size=30))
def test_ids_of_any_bytes(one_server, raw):
    answer = one_server.request("GET", f"api/jobs/{quote_from_bytes(raw, safe='')}/log")
    check_refusal(one_server, answer)


@few
@given(name=some.sampled_from(["stream", "lines", "others"]), value=path_like)
def test_malformed_parameters(server, finished, name, value):
    sent = f"{name}={quote(value, safe='', errors='surrogatepass')}"
    path = "api/snapshot" if name == "others" else f"api/jobs/{finished.id}/log"
    answer = server.request("GET", f"{path}?{sent}")
    if answer.status != 200:
        check_refusal(server, answer)
    assert answer.status == 200 or "must be" in answer.json["message"] or "\0" in value


@pytest.mark.parametrize(
    "query",
    ["lines=0", "lines=2001", "lines=-1", "lines=1e3", "lines=٣", "lines=1&lines=2", "lines=%ff",
     "stream=stdin", "stream=../stdout", "stream=stdout&stream=stderr", "stream="],
)  # fmt: skip
def test_parameters_that_are_nearly_right(server, finished, query):
    query = quote(query, safe="=&%")
    check_refusal(server, server.request("GET", f"api/jobs/{finished.id}/log?{query}"))


@few
@given(content=json_like, verb=some.sampled_from(["cancel", "hold", "release", "requeue"]))
def test_bodies_of_any_json(one_server, content, verb):
    for body in (content, {"ids": content}, {"ids": [content]}):
        answer = one_server.request("POST", f"api/jobs/{verb}", json.dumps(body).encode())
        check_refusal(one_server, answer)


@few
@given(body=some.binary(max_size=200))
def test_bodies_of_any_bytes(one_server, body):
    check_refusal(one_server, one_server.request("POST", "api/jobs/cancel", body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 50_000, 400),
        (b'{"ids": ["' + b"a" * 70_000 + b'"]}', 413),
        (json.dumps({"ids": []}).encode(), 400),
        (json.dumps({"ids": [f"slurm:{n}" for n in range(1, 1002)]}).encode(), 400),
        (json.dumps({"ids": ["aaaaaaaa"], "more": 1}).encode(), 400),
        (json.dumps({"ids": ["slurm:1_[1-3]"]}).encode(), 400),
        (json.dumps({"ids": ["slurm:1;ls"]}).encode(), 400),
        (json.dumps({"ids": ["--all"]}).encode(), 400),
    ],
)
def test_bodies_that_are_nearly_right(one_server, body, code):
    answer = one_server.request("POST", "api/jobs/cancel", body)
    check_refusal(one_server, answer, codes=(code,))


@pytest.mark.parametrize(
    "path", ["api/jobs/stop", "api/../api/x", "api/jobs/..%2f..%2fetc/log", ""]
)
def test_addresses_that_are_none(one_server, path):
    for method in ("GET", "POST"):
        body = b"{}" if method == "POST" else None
        answer = one_server.request(method, path, body)
        assert answer.status in (400, 404, 405)
        check_silence(one_server, answer)


@pytest.fixture
def finished(server, store, work):
    """A job that has ended, with its folder and a log."""
    folder = work / "folder.job"
    folder.mkdir()
    now = datetime.now(UTC)
    job_id = f"f{abs(hash(str(work))) % 10**9:09d}"
    record = JobRecord(
        id=job_id, name="n", launcher="local", command=Command(("true",), work), folder=folder,
        state=JobState.DONE, exit_code=0, submitted=now, started=now, ended=now,
    )  # fmt: skip
    store.save(replace(record, owner="elsewhere:1:1")).result()
    record.stdout.write_text("hello\n")
    return record


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def log_of(server, job, query=""):
    return server.request("GET", f"api/jobs/{job.id}/log{query}")


def test_a_link_within_the_folder_is_followed(server, finished):
    finished.stdout.rename(finished.folder / "real.txt")
    finished.stdout.symlink_to("real.txt")
    assert log_of(server, finished).json["text"] == "hello\n"


def test_a_work_folder_behind_a_link_is_no_reason_to_refuse(server, finished, store, tmp_path):
    (tmp_path / "short").symlink_to(finished.folder.parent)
    moved = replace(finished, id="g" + finished.id, folder=tmp_path / "short" / "folder.job")
    store.save(replace(moved, owner="elsewhere:1:1")).result()
    assert log_of(server, moved).json["text"] == "hello\n"


def link_out(job, secret):
    job.stdout.symlink_to(secret)


def link_up(job, secret):
    job.stdout.symlink_to(os.path.relpath(secret, job.folder))


def link_over_a_link(job, secret):
    (job.folder / "b").symlink_to(secret)
    job.stdout.symlink_to("b")


def link_through_a_folder(job, secret):
    (job.folder / "d").symlink_to(secret.parent)
    job.stdout.symlink_to("d/secret.txt")


def link_to_another_job(job, secret):
    beside = job.folder.with_name("folder.job2")
    beside.mkdir()
    (beside / "stdout.txt").write_text(SECRET)
    job.stdout.symlink_to(beside / "stdout.txt")


def a_folder_that_is_a_link(job, secret):
    secret.rename(secret.with_name("stdout.txt"))
    job.folder.rename(job.folder.with_name("away"))
    job.folder.symlink_to(secret.parent)


def a_pipe(job, secret):
    os.mkfifo(job.stdout)


def a_folder(job, secret):
    job.stdout.mkdir()


def a_device(job, secret):
    job.stdout.symlink_to("/dev/zero")


def a_circle(job, secret):
    job.stdout.symlink_to("stdout.txt")


def a_dangling_link(job, secret):
    job.stdout.symlink_to(secret.with_name("none"))


def nothing(job, secret):
    pass


@pytest.mark.parametrize(
    "change",
    [link_out, link_up, link_over_a_link, link_through_a_folder, link_to_another_job,
     a_folder_that_is_a_link, a_pipe, a_folder, a_device, a_circle, a_dangling_link, nothing],
)  # fmt: skip
def test_files_that_are_not_the_jobs_own(server, finished, secret, change):
    finished.stdout.unlink()
    change(finished, secret)
    answer = log_of(server, finished)
    check_refusal(server, answer, codes=(403, 404))
    assert str(secret.parent) not in answer.text


def test_a_huge_log(server, finished):
    line = b"x" * 999 + b"\n"
    with finished.stdout.open("wb") as file:
        for _ in range(8000):
            file.write(line)
    answer = log_of(server, finished, "?lines=2000")
    assert answer.json["size"] == 8_000_000
    assert answer.json["truncated"] is True
    assert 0 < len(answer.json["text"].encode()) <= LOG_LIMIT
    assert log_of(server, finished, "?lines=3").json["text"] == line.decode() * 3


@few
@given(content=some.binary(max_size=400))
def test_logs_of_any_bytes(server, finished, content):
    finished.stdout.write_bytes(content)
    answer = log_of(server, finished, "?lines=2000").json
    assert answer["text"] == content.decode("utf-8", errors="replace")
    assert answer["size"] == len(content)


def test_a_huge_log_that_is_no_text(server, finished):
    finished.stdout.write_bytes(os.urandom(3_000_000))
    answer = log_of(server, finished, "?lines=2000").json
    assert 0 < len(answer["text"].encode()) <= LOG_LIMIT
    assert answer["truncated"] is True
