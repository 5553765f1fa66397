"""Energies of the walkers of a run, as their programs wrote them."""

from __future__ import annotations

from dataclasses import replace

from asyncmd_jupyter.engines.energies.growing import PartEnergies
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.run_spec import RunSpec


class RunEnergies:
    """Reads what is new of each walker; blocks, and may be used in several threads.

    Parameters
    ----------
    spec : RunSpec
    """

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self._known: dict[int, PartEnergies] = {}

    def of_walker(self, walker: WalkerSnapshot) -> EnergyTable:
        """All rows that count, with times since the start of the run."""
        # The part that is being computed counts as soon as it has a frame, its energies before.
        table = self._parts(walker.index).read(walker.part + 1)
        table = replace(table, times=Clock.of(self._spec.engine).times(table.steps, table.times))
        return table.up_to(walker.steps_done) if walker.state is RunState.REACHED else table

    def _parts(self, index: int) -> PartEnergies:
        files = EngineFiles(self._spec.folder, self._spec.deffnm(index))
        return self._known.setdefault(index, self._spec.engine.energies_of(files))
