"""Another system, another box or another integrator than was asked for."""

from __future__ import annotations

from .mutant import Mutant

_CREATE = "engines/openmm/create_system.py"
_ENERGIES = "engines/openmm/energies.py"
_REPORTED = "engines/test_energies.py::test_they_are_those_of_openmms_reporter"
_CREATED = "engines/test_create_system.py::"

SYSTEMS = (
    Mutant(
        "from_pdb constrains nothing",
        _CREATE,
        'made = {"constraints": app.HBonds, "nonbondedMethod": method, **about.usual}',
        'made = {"constraints": None, "nonbondedMethod": method, **about.usual}',
        (f"{_CREATED}test_without_a_box[none]",),
    ),
    Mutant(
        "from_pdb has a cut-off of 0.8 nm",
        _CREATE,
        "\nCUTOFF = 1.0  # nm\n",
        "\nCUTOFF = 0.8  # nm\n",
        (f"{_CREATED}test_in_a_box[none]",),
    ),
    Mutant(
        "from_pdb has a plain cut-off in place of PME",
        _CREATE,
        "method = app.NoCutoff if without else app.PME",
        "method = app.NoCutoff if without else app.CutoffPeriodic",
        (f"{_CREATED}test_in_a_box[none]",),
        in_ci=True,
    ),
    Mutant(
        "one option of from_pdb drops the default method",
        _CREATE,
        "method = app.NoCutoff if without else app.PME",
        "method = app.NoCutoff if without or chosen else app.PME",
        (f"{_CREATED}test_in_a_box[heavy hydrogens]",),
    ),
    Mutant(
        "implicit solvent becomes periodic",
        _CREATE,
        "without = about.box is None or about.has_implicit_solvent",
        "without = about.box is None",
        (f"{_CREATED}test_implicit_solvent_has_no_box[None-GBSAOBC]",),
    ),
    Mutant(
        "CHARMM force fields have no switching",
        _CREATE,
        'made.setdefault("switchDistance", cutoff - CHARMM_SWITCHED * unit.nanometer)',
        "pass",
        (f"{_CREATED}test_charmm_has_its_own_cutoff",),
    ),
    Mutant(
        "the box of the topology goes before that of the System",
        "engines/openmm/boxes.py",
        "    return own\n",
        "    return own if other is None else other\n",
        ("engines/test_boxes.py::test_of_two_boxes_the_one_of_the_system_counts",),
    ),
    Mutant(
        "a triclinic box is another lattice",
        "engines/openmm/boxes.py",
        "    c -= b * np.round(c[1] / b[1])\n",
        "    c[1] -= b[1] * np.round(c[1] / b[1])\n",
        ("engines/test_boxes.py::test_reducing_keeps_the_lattice[octahedron-rounded_to_text]",),
    ),
    Mutant(
        "the thermostat has 1.05 T",
        "engines/openmm/simulation.py",
        "        self._seed(self._integrator)\n",
        "        self._seed(self._integrator)\n"
        "        self._integrator.setTemperature(1.05 * self._integrator.getTemperature())\n",
        (
            "science/test_random_numbers.py"
            "::test_oscillators_have_the_energy_of_their_temperature[1.0]",
        ),
    ),
    Mutant(
        "positions and velocities in other units are taken as those in nm and nm/ps",
        "engines/openmm/physics.py",
        "return values.value_in_unit(wanted)",
        "return values._value",
        (
            "engines/test_openmm_engine.py::TestSources::test_amber",
            "engines/test_start_velocities.py::test_those_handed_to_an_engine_count",
        ),
    ),
    Mutant(
        "the friction of an mdp is the time in place of its inverse",
        "engines/openmm/from_mdp.py",
        'yield "friction", 1 / _only(',
        'yield "friction", _only(',
        ("engines/test_from_mdp.py::test_dynamics",),
    ),
    Mutant(
        "the dispersion correction of an mdp is ignored",
        "engines/openmm/from_mdp.py",
        '_chosen(mdp, "dispcorr", "no") != "no"',
        "False",
        ("engines/test_from_mdp.py::test_the_system[dispersion]",),
    ),
    Mutant(
        "the cut-off of an mdp is ignored",
        "engines/openmm/from_mdp.py",
        '"nonbondedCutoff": lengths["rvdw"] * unit.nanometer',
        '"nonbondedCutoff": 1.0 * unit.nanometer',
        ("engines/test_from_mdp.py::test_the_system[cut-off]",),
    ),
    Mutant(
        "the temperature counts the motion of the centre of mass",
        _ENERGIES,
        " - 3 * particles.removes_com",
        "",
        (f"{_REPORTED}[constraints]", f"{_REPORTED}[barostat]"),
    ),
    Mutant(
        "the temperature counts degrees of freedom that are constrained",
        _ENERGIES,
        "3 * int(moves.sum()) - n_constraints",
        "3 * int(moves.sum())",
        (f"{_REPORTED}[constraints]", f"{_REPORTED}[virtual site]"),
    ),
    Mutant(
        "the temperature counts virtual sites",
        _ENERGIES,
        "moves = particles.masses > 0",
        "moves = particles.masses >= 0",
        (f"{_REPORTED}[virtual site]",),
    ),
    Mutant(
        "the temperature of Drude oscillators is that of all particles",
        _ENERGIES,
        'hasattr(integrator, "computeSystemTemperature")',
        "False",
        (f"{_REPORTED}[drude]",),
    ),
    Mutant(
        "the density is a thousandth",
        _ENERGIES,
        "_KILOGRAMS = 1e24 /",
        "_KILOGRAMS = 1e21 /",
        (f"{_REPORTED}[barostat]",),
    ),
)
