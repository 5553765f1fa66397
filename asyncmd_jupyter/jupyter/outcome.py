"""What a finished run leaves in the notebook."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.jupyter.display import publish
from asyncmd_jupyter.jupyter.widgets.summary import summary_html, summary_text
from asyncmd_jupyter.sampling.progress import RunSnapshot, WalkerSnapshot

RUN_MIME = "application/vnd.asyncmd.run+json"


def publish_outcome(run: RunSnapshot) -> None:
    """Show the end of a run: for people, for untrusted notebooks and for programs."""
    publish(
        {
            "text/plain": summary_text(run),
            "text/html": summary_html(run),
            RUN_MIME: outcome_record(run),
        }
    )


def outcome_record(run: RunSnapshot) -> dict[str, Any]:
    """Write a run as JSON for programs that read the notebook."""
    return {
        "run": run.id,
        "state": run.state.value,
        "walkers": [_walker_record(walker) for walker in run.walkers],
        "wall_seconds": round(run.wall_seconds, 3),
    }


def _walker_record(walker: WalkerSnapshot) -> dict[str, Any]:
    time = walker.time_done if walker.reached_time is None else walker.reached_time
    return {
        "walker": walker.index,
        "reached": list(walker.reached),
        "time_ps": round(time, 6),
        "n_frames": walker.n_frames,
        "state": walker.state.value,
    }
