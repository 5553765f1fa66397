"""What the queue does to jobs, and nodes that fail."""

from __future__ import annotations

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.triage.pattern import ENDED, EXACT, GENERAL, Case, Pattern

_NOTHING = "Nothing has to be done for a run; its last checkpoint counts."


def _is_cancelled_by_us(case: Case) -> bool:
    record = case.record
    return record is not None and record.state is JobState.CANCELLED and record.cancel_requested


PATTERNS = (
    Pattern(
        kind="node-failure",
        title="Node failed",
        meaning="A node on which it ran failed or lost its connection.",
        remedies=(
            _NOTHING,
            "If it is one node again and again: config.set_slurm_settings(exclude_nodes=[…]).",
        ),
        text=r"^slurmstepd\S*: error: \*\*\* .*CANCELLED AT .* DUE TO NODE FAILURE",
        reason=r"(?:NODE_FAIL|BOOT_FAIL|RECONFIG_FAIL)$|A node on which it ran|Its nodes could not",
        priority=ENDED,
    ),
    Pattern(
        kind="node-preempted",
        title="Preempted",
        meaning="It had to make room for a more important job.",
        remedies=(_NOTHING, "Other partitions or qualities of service are not preempted."),
        text=r"^slurmstepd\S*: error: \*\*\* .*CANCELLED AT .* DUE TO PREEMPTION",
        reason=r"PREEMPTED$|It had to make room",
        priority=ENDED,
    ),
    Pattern(
        kind="node-requeued",
        title="Put back into the queue",
        meaning="Slurm put it back into the queue, because of a node or a person.",
        remedies=(_NOTHING,),
        text=r"^slurmstepd\S*: error: \*\*\* .*CANCELLED AT .* DUE TO JOB REQUEUE",
        reason=r"REQUEUED$|REQUEUE_FED$|Slurm (?:has )?put it back|Slurm will start it again",
        priority=ENDED,
    ),
    Pattern(
        kind="node-launch",
        title="Could not be started",
        meaning="Slurm could not start it on its nodes.",
        remedies=(
            "Look whether the work folder exists on the nodes and can be written to there.",
            "Exclude a node on which it happens often (exclude_nodes).",
        ),
        reason=r"LAUNCH_FAILED$|JobLaunchFailure|Slurm could not start it",
        priority=ENDED - 1,
    ),
    Pattern(
        kind="node-lost",
        title="Lost",
        meaning="It left no exit code: it was killed with its shell, or the machine restarted.",
        remedies=("Look at what it has written last; start the run again with 'resume'.",),
        reason=r"It ended without leaving an exit code|The queue has forgotten it",
        priority=ENDED,
    ),
    Pattern(
        kind="node-never-ran",
        title="Never ran",
        meaning="Its kernel ended before it was started, so it never ran.",
        remedies=("Start the run again; nothing was computed by this job.",),
        reason=r"The kernel (?:that held|was shut|ended before)|The event loop ended while",
        priority=ENDED,
    ),
    Pattern(
        kind="node-suspended",
        title="Suspended",
        meaning="It is stopped on its node for now, by a person or a more important job.",
        remedies=("'scontrol resume JOB' lets it go on, for those who may.",),
        reason=r"SUSPENDED$|STOPPED$|It is (?:suspended|stopped)",
        priority=ENDED,
    ),
    Pattern(
        kind="node-cancelled",
        title="Cancelled",
        meaning="It was cancelled from here.",
        when=_is_cancelled_by_us,
        priority=ENDED + 5,
    ),
    Pattern(
        kind="node-cancelled-elsewhere",
        title="Cancelled in the queue",
        meaning="Somebody cancelled it in the queue (scancel): you, or an administrator.",
        remedies=("If it was not you, ask the people who run the cluster.",),
        text=r"^slurmstepd\S*: error: \*\*\* .*CANCELLED AT \S+ \*\*\*$",
        reason=r"CANCELLED$|Somebody cancelled it in Slurm|REVOKED$|Slurm gave it to another",
        priority=ENDED - 2,
    ),
    Pattern(
        kind="queue-unconfigured",
        title="No cluster here",
        meaning="Slurm's commands are installed, but this machine belongs to no cluster.",
        remedies=(
            "Start JupyterLab on a login node of the cluster; 'sinfo' has to list nodes there.",
            "If it is one: ask its administrators for slurm.conf, or set SLURM_CONF to its path.",
            "'--launcher local' computes on this machine.",
        ),
        text=r"Could not establish a configuration source|Unable to process configuration file"
        r"|DNS SRV lookup failed",
        priority=EXACT,
    ),
    Pattern(
        kind="node-no-answer",
        title="Slurm does not answer",
        meaning="Slurm's controller did not answer in time.",
        remedies=("Wait: jobs that run go on without it. 'scontrol ping' tells when it is back.",),
        text=r"(?i)unable to contact slurm controller|slurm_load_jobs error: |"
        r"Socket timed out on send/recv operation",
        priority=GENERAL + 2,
    ),
)
