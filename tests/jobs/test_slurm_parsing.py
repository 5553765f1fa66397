"""Replies of Slurm's commands, recorded from 22.05 and as documented for later versions."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncmd_jupyter.jobs.slurm.nodes import compact_nodes, expand_nodes
from asyncmd_jupyter.jobs.slurm.parsing import (
    QueueEntry,
    expand_ids,
    parse_sacct,
    parse_sbatch,
    parse_sinfo,
    parse_squeue,
)

REPLIES = Path(__file__).with_name("slurm_replies")


def recorded(name):
    return (REPLIES / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", ["squeue-22.05", "squeue-22.05-arrays"])
def test_recorded_queue(name):
    entries = {entry.id: entry for entry in parse_squeue(recorded(name))}
    ours = {entry.job_id: entry for entry in entries.values() if entry.job_id}
    assert ours["running1"] == QueueEntry(
        "35",
        "RUNNING",
        exit_code=0,
        nodes="n[1-3]",
        reason="None",
        job_id="running1",
        submitted=entries["35"].submitted,
        cluster="t0afb4568",
        label="|a name|asyncmd:running1||",
    )
    assert entries["35"].submitted.year == 2026
    assert (ours["requeua2"].state, ours["requeua2"].restarts) == ("PENDING", 1)
    assert ours["requeua2"].reason == "BeginTime"
    codes = {name: ours[name].exit_code for name in ("exitthr5", "killed66", "donedon8")}
    assert codes == {"exitthr5": 3, "killed66": -9, "donedon8": 0}
    assert ours["launchf3"].exit_code == -53
    assert ours["cancell7"].state == "CANCELLED"
    assert {f"39_{task}" for task in range(3, 8)} <= entries.keys()
    assert entries["39_6"].job_id == ""
    assert entries["48"].job_id == "", "two lines, of which the second is none"


def test_recorded_accounting():
    entries = parse_sacct(recorded("sacct-22.05"))
    [cancelled] = entries["42"]
    seen = (cancelled.state, cancelled.exit_code, cancelled.nodes, cancelled.cluster)
    assert seen == ("CANCELLED", 0, "n2", "t0afb4568")
    assert cancelled.submitted < cancelled.ended
    assert (entries["40"][0].exit_code, entries["41"][0].exit_code) == (3, -9)
    assert entries["45"][0].state == "REQUEUED"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-11-22T17:15:30", datetime(2026, 11, 22, 17, 15, 30).astimezone()),
        ("1795367730", datetime.fromtimestamp(1795367730).astimezone()),
        ("Unknown", None),
        ("", None),
    ],
)
def test_when_accounted_jobs_ended(text, end):
    [entry] = parse_sacct(f"7|NODE_FAIL|0:0|n1|{text}|Unknown|t0|a name|")["7"]
    assert (entry.ended, entry.submitted) == (end, None)


def test_recorded_nodes():
    assert parse_sinfo(recorded("sinfo-22.05")).keys() == {"n1", "n2", "n3", "n4"}


@pytest.mark.parametrize(
    ("text", "new_job"),
    [
        ("12\n", ("12", "")),
        ("12;cluster\n", ("12", "cluster")),
        ("Welcome! You have 3 jobs.\n12\n", ("12", "")),
        ("Submitted batch job 12\n", None),
        ("", None),
        ("\n", None),
    ],
)
def test_sbatch(text, new_job):
    assert parse_sbatch(text) == new_job


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("12", ["12"]),
        ("12_4", ["12_4"]),
        ("12_[3-5%2]", ["12_3", "12_4", "12_5"]),
        ("12_[1,3-4]", ["12_1", "12_3", "12_4"]),
        ("12_[0-10:5]", ["12_0", "12_5", "12_10"]),
        ("12+1", ["12+1"]),
        ("CLUSTER: a", []),
        ("JOBID", []),
        ("", []),
    ],
)
def test_ids(text, ids):
    assert expand_ids(text) == ids


@pytest.mark.parametrize(
    "line",
    [
        "CLUSTER: main",
        "",
        "slurm_load_jobs error: x",
        "12",
        "12|RUNNING|0",
        "_[|||||||",
        "12.batch|RUNNING|0|0|n1|t0|1|None|a|x|",
    ],
)
def test_lines_that_are_no_jobs(line):
    assert parse_squeue(f"{line}\n") == []


@pytest.mark.parametrize(
    ("line", "state", "reason"),
    [
        # 23.02 and later: states of nodes that are switched on, reasons with details
        ("7|CONFIGURING|0|0|n1|t0|1795367730|None|a|b|asyncmd:abc|", "CONFIGURING", "None"),
        (
            "7|COMPLETING|2|0|n1|t0|1795367730|NonZeroExitCode|a|asyncmd:abc|",
            "COMPLETING",
            "NonZeroExitCode",
        ),
        (
            "7|PENDING|0|0||t0|1795367730|ReqNodeNotAvail, UnavailableNodes:n[1-2]|a|asyncmd:abc|",
            "PENDING",
            "ReqNodeNotAvail, UnavailableNodes:n[1-2]",
        ),
        # 24.05
        ("7|LAUNCH_FAILED|0|0|n1|t0|1795367730|None|a|b|asyncmd:abc|", "LAUNCH_FAILED", "None"),
        # 25.05
        ("7|EXPEDITING|1|0|n1|t0|1795367730|None|a|b|asyncmd:abc|", "EXPEDITING", "None"),
    ],
)
def test_documented_lines(line, state, reason):
    [entry] = parse_squeue(line)
    assert (entry.state, entry.reason, entry.job_id) == (state, reason, "abc")


@given(st.text())
def test_no_text_is_too_strange(text):
    parse_squeue(text)
    parse_sacct(text)
    parse_sinfo(text)
    parse_sbatch(text)


@given(st.text(st.characters(exclude_characters="\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")))
def test_comments_of_others_do_not_hide_a_job(comment):
    [entry] = parse_squeue(f"7|RUNNING|0|0|n1|t0|1|None|a|{comment}|")
    assert (entry.id, entry.state) == ("7", "RUNNING")


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("a", ["a"]),
        ("a[1-2,07-09],b3", ["a1", "a2", "a07", "a08", "a09", "b3"]),
        ("r[1-2]n[08-10]-ib", [f"r{r}n{n}-ib" for r in (1, 2) for n in ("08", "09", "10")]),
        ("gpu-01,gpu-[099-101]", ["gpu-01", "gpu-099", "gpu-100", "gpu-101"]),
        ("a[1],b[2,4]x", ["a1", "b2x", "b4x"]),
        ("", []),
        ("(null)", []),
        ("None assigned", []),
    ],
)
def test_nodes(text, nodes):
    assert list(expand_nodes(text)) == nodes


@pytest.mark.parametrize("text", ["a[", "a[1-", "a[x]", "a]", ",", "a,,b", "a[1-2"])
def test_no_list_of_nodes(text):
    with pytest.raises(ValueError, match="is no list"):
        expand_nodes(text)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z][a-z-]{0,5}", fullmatch=True),
            st.integers(0, 50),
            st.integers(0, 20),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_ranges_are_counted_out(parts):
    text = ",".join(f"{p}[{a:0{w}d}-{a + n:0{w}d}]" for p, a, n, w in parts)
    wanted = [
        f"{p}{i:0{max(w, len(str(a)))}d}" for p, a, n, w in parts for i in range(a, a + n + 1)
    ]
    assert list(expand_nodes(text)) == wanted


@pytest.mark.parametrize(
    "text", ["a", "n1", "n[1-3,7]", "n[08-12],x", "n9,n[10-11]", "a1b,a1b2", ""]
)
def test_lists_of_nodes_are_written_as_slurm_does(text):
    names = expand_nodes(text)
    assert compact_nodes(reversed(names)) == text
