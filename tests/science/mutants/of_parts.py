"""Parts of a simulation that do not add up to the whole."""

from __future__ import annotations

from .mutant import Mutant

_CUT = "sampling/test_cut_into_parts.py"
_WORKER = "engines/test_worker_parts.py"

PARTS = (
    Mutant(
        "conditions that look back see one part only",
        "sampling/part_evaluator.py",
        "earlier = tuple(taken) if self._looks_back else ()",
        "earlier = ()",
        (f"{_CUT}::test_frames_that_are_computed_again_are_given_once",),
    ),
    Mutant(
        "the first condition decides where the deciding frame begins a part",
        "sampling/stop.py",
        "0 if before is None else int(np.argmin(before))",
        "int(np.argmin(before)) if frame and before is not None else 0",
        (f"{_CUT}::test_ends_alike[all]",),
    ),
    Mutant(
        "checkpoints are written at frames only",
        "engines/stepping/integrate.py",
        "if self._clock.is_due():",
        "if steps == to_frame and self._clock.is_due():",
        (f"{_WORKER}::test_checkpoints_are_written_between_frames",),
    ),
    Mutant(
        "virtual sites are where the start has them",
        "engines/openmm/simulation.py",
        "        self.context.computeVirtualSites()\n",
        "",
        (f"{_WORKER}::test_virtual_sites_are_where_their_atoms_say",),
    ),
    Mutant(
        "barostats count steps from the beginning of a part",
        "engines/openmm/simulation.py",
        "        self._barostats.begin_at(checkpoint.progress.step)\n",
        "",
        (f"{_WORKER}::test_barostats_try_in_parts_that_are_shorter_than_their_interval",),
    ),
    Mutant(
        "a condition is reached at the time that the file has",
        "sampling/walker_plan.py",
        "clock.time(step, result.last_time)",
        "result.last_time",
        ("gromacs/test_gmx_times.py::test_all_times_of_a_run_are_those_since_its_start",),
    ),
)
