"""Simulations that begin, or go on, with something else than they should."""

from __future__ import annotations

from .mutant import Mutant

_FIRST = "engines/test_first_frames.py::test_the_first_frame_is_the_start"

STARTS = (
    Mutant(
        "the box of the start is ignored (OpenMM)",
        "engines/openmm/engine.py",
        "        return reduced_box(box)\n",
        "        return self._source.box\n",
        (f"{_FIRST}[openmm-rectangular]",),
        in_ci=True,
    ),
    Mutant(
        "the box of the start is not handed to OpenMM",
        "engines/openmm/simulation.py",
        "            self.context.setPeriodicBoxVectors(*configuration.box)\n",
        "            pass\n",
        (f"{_FIRST}[openmm-triclinic]",),
    ),
    Mutant(
        "the box of the start is ignored (GROMACS)",
        "engines/gromacs/start.py",
        "    if frame.box is not None:\n        return frame\n",
        "    if frame.box is not None:\n        return replace(frame, box=_box_in(structure))\n",
        (f"{_FIRST}[gromacs-triclinic]",),
    ),
    Mutant(
        "frames have the box that the System began with",
        "engines/openmm/simulation.py",
        "box = state.getPeriodicBoxVectors(asNumpy=True)._value",
        "box = np.array([row._value for row in self._system.getDefaultPeriodicBoxVectors()])",
        (f"{_FIRST}[openmm-rectangular]",),
    ),
    Mutant(
        "the barostat is left out",
        "engines/openmm/physics.py",
        "        system_xml=openmm.XmlSerializer.serialize(system),\n",
        """        system_xml="".join(
            line
            for line in openmm.XmlSerializer.serialize(system).splitlines(True)
            if "Barostat" not in line
        ),
""",
        (f"{_FIRST}[openmm-rectangular]",),
    ),
    Mutant(
        "velocities of the start are replaced (OpenMM)",
        "engines/stepping/engine.py",
        "        if begun.drawn:  # by the worker, as it begins\n",
        "        if True:\n",
        ("engines/test_start_velocities.py::test_those_of_a_start_are_kept[openmm]",),
    ),
    Mutant(
        "velocities of the start are replaced (GROMACS)",
        "engines/gromacs/parameters.py",
        "    return without_velocities(mdp) if generates_velocities(mdp) else mdp\n",
        "    return with_velocities(mdp, n_atoms)\n",
        ("engines/test_start_velocities.py::test_those_of_a_start_are_kept[gromacs]",),
    ),
    Mutant(
        "a start without velocities begins at rest",
        "engines/stepping/integrate.py",
        "            simulation.draw_velocities()\n",
        "            pass\n",
        ("engines/test_openmm_engine.py::TestPhysics::test_start_without_velocities_gets_some",),
    ),
    Mutant(
        "constraints are not fulfilled (GROMACS)",
        "engines/gromacs/parameters.py",
        '"gen-vel": "no", "continuation": "no"}',
        '"gen-vel": "no", "continuation": "yes"}',
        ("gromacs/test_gmx_engine.py::TestConfigurations::test_constraints_are_fulfilled",),
    ),
    Mutant(
        "constraints of positions are not fulfilled (OpenMM)",
        "engines/openmm/simulation.py",
        "        self.context.applyConstraints(tolerance)\n",
        "",
        ("engines/test_openmm_engine.py::TestPhysics::test_constraints_are_fulfilled",),
    ),
    Mutant(
        "nothing is minimized",
        "engines/openmm/simulation.py",
        "openmm.LocalEnergyMinimizer.minimize(self.context, tolerance, max_iterations)",
        "pass",
        ("engines/test_openmm_engine.py::TestPhysics::test_minimum_is_lower",),
    ),
    Mutant(
        "the next part goes on with fresh noise",
        "engines/openmm/simulation.py",
        "if checkpoint.progress.platform == self.platform:",
        "if False:",
        ("engines/test_conformance.py::test_two_halves_are_the_whole[openmm-model-potential]",),
    ),
    Mutant(
        "GROMACS computes too many steps in a later part",
        "engines/gromacs/commands.py",
        "plan.last_step - plan.first_step",
        "plan.last_step",
        ("gromacs/test_gmx_commands.py::test_later_part_goes_on_from_the_checkpoint",),
    ),
    Mutant(
        "frames of GROMACS off the output grid are kept",
        "engines/gromacs/disk.py",
        "return n_frames - bool(n_frames and index.steps[-1] % nstout)",
        "return n_frames",
        ("gromacs/test_gmx_times.py::test_frames_between_two_output_steps_are_cut_off[last0]",),
    ),
)
