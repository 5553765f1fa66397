"""GROMACS' commands as pure functions."""

from pathlib import Path

import pytest

from asyncmd_jupyter.engines.gromacs.commands import (
    GROMPP_OWN,
    MDRUN_OWN,
    executable_of,
    extra_args_of,
    grompp_argv,
    mdrun_argv,
    words_of,
)
from asyncmd_jupyter.engines.gromacs.threads import threads_in_queue, threads_of
from asyncmd_jupyter.engines.gromacs.words import deciding_words, has_obeyed_signal
from asyncmd_jupyter.engines.plan import PartPlan

GMX = ("gmx", "mdrun")
MPI = ("gmx_mpi", "mdrun")
RANKS = ("mpirun", "-np", "4", "gmx_mpi", "mdrun")


@pytest.mark.parametrize(
    ("executable", "options", "cores", "added", "variable"),
    [
        (GMX, "", None, ("-ntmpi", "1"), None),
        (GMX, "-nt 4", 4, (), None),
        (GMX, "-nt=4", 4, (), None),
        (GMX, "-nt 0", None, ("-ntmpi", "1"), None),
        (GMX, "-ntomp 3", 3, ("-ntmpi", "1"), "3"),
        (GMX, "-ntmpi 2", 2, (), "1"),
        (GMX, "-ntmpi 2 -ntomp 3 -v", 6, (), "3"),
        (GMX, "-v -pin on", None, ("-ntmpi", "1"), None),
        (MPI, "", None, (), None),
        (MPI, "-ntomp 2", 2, (), "2"),
        (RANKS, "", 4, (), "1"),
        (RANKS, "-ntomp 2", 8, (), "2"),
        (("srun", "-n", "3", "/opt/gromacs/bin/gmx_mpi", "mdrun"), "", 3, (), "1"),
        (("/opt/mpi-tools/bin/gmx", "mdrun"), "", None, ("-ntmpi", "1"), None),
        (("mdrun_mpi",), "", None, (), None),
    ],
)
def test_cores_are_read_from_the_options(executable, options, cores, added, variable):
    threads = threads_of(executable, tuple(options.split()))
    assert (threads.cores, threads.options) == (cores, added)
    assert threads.env.get("OMP_NUM_THREADS") == variable


def plan(number=1, first=0, last=1000, hours=None):
    return PartPlan(number, first, last, hours)


def test_first_part():
    argv = mdrun_argv(GMX, ("-nt", "1"), name="sim", plan=plan(), hours_factor=1.0)
    expected = (
        "gmx mdrun -s sim.tpr -deffnm sim -cpo sim.cpt -c sim.confout.gro -noappend "
        "-nsteps 1000 -cpt 1 -nt 1"
    )
    assert argv == tuple(expected.split())


def test_later_part_goes_on_from_the_checkpoint():
    argv = mdrun_argv(
        GMX, ("-cpt", "5"), name="sim", plan=plan(2, 400, 1000, 2.0), hours_factor=0.99
    )
    expected = (
        "gmx mdrun -s sim.tpr -deffnm sim -cpo sim.cpt -c sim.confout.gro -noappend "
        "-cpi sim.cpt -nsteps 600 -maxh 1.98 -cpt 5"
    )
    assert argv == tuple(expected.split())


def test_checkpoint_at_step_zero_is_used_too():
    argv = mdrun_argv(GMX, (), name="sim", plan=plan(2, 0, None, 1.0), hours_factor=1.0)
    assert argv[argv.index("-cpi") + 1] == "sim.cpt"
    assert argv[argv.index("-nsteps") + 1] == "-1"


def test_grompp_with_everything():
    argv = grompp_argv(
        ("gmx", "grompp"),
        ("-maxwarn", "1"),
        name="-odd name",
        structure=Path("/top/conf.gro"),
        topology=Path("/top/a b.top"),
        index=Path("/top/index.ndx"),
        start=".-odd name.start.trr",
    )
    assert argv == (
        *("gmx", "grompp", "-f", "./-odd name.mdp", "-c", "/top/conf.gro", "-p", "/top/a b.top"),
        *("-n", "/top/index.ndx", "-t", ".-odd name.start.trr", "-o", "./-odd name.tpr"),
        *("-po", "./-odd name_mdout.mdp", "-maxwarn", "1"),
    )


def test_words_are_split_as_by_a_shell():
    assert words_of("x", "'/a b/gmx' mdrun -nt 1") == ("/a b/gmx", "mdrun", "-nt", "1")
    assert words_of("x", ["/a b/gmx", "mdrun"]) == ("/a b/gmx", "mdrun")


@pytest.mark.parametrize("value", [None, 3, ["gmx", 3], {"gmx": 1}])
def test_what_is_no_command_line(value):
    with pytest.raises(TypeError, match="mdrun_executable"):
        words_of("mdrun_executable", value)


def test_programs_here_are_found_from_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "mygmx").touch()
    monkeypatch.chdir(tmp_path)
    assert executable_of("x", "./mygmx mdrun") == (str(tmp_path / "mygmx"), "mdrun")
    assert executable_of("x", "mpirun -np 2 ./mygmx mdrun")[3] == str(tmp_path / "mygmx")
    assert executable_of("x", "mygmx ./nothing") == ("mygmx", "./nothing")


def test_the_shortest_wall_time_is_not_zero():
    argv = mdrun_argv(GMX, (), name="s", plan=plan(hours=1e-11), hours_factor=1.0)
    assert float(argv[argv.index("-maxh") + 1]) == 1e-11


def test_open_quotation_mark_and_no_program():
    with pytest.raises(ValueError, match="mdrun_extra_args"):
        words_of("mdrun_extra_args", "-x 'a")
    with pytest.raises(ValueError, match="names no program"):
        executable_of("mdrun_executable", " ")


@pytest.mark.parametrize("option", ["-deffnm x", "-nsteps 5", "-append", "-maxh=3", "-cpi a.cpt"])
def test_options_that_the_engine_sets(option):
    with pytest.raises(ValueError, match=f"holds {option.split()[0].partition('=')[0]}"):
        extra_args_of("mdrun_extra_args", f"-v {option}", MDRUN_OWN)
    with pytest.raises(ValueError, match=r"grompp_extra_args.*holds -t"):
        extra_args_of("grompp_extra_args", "-t a.trr", GROMPP_OWN)


FATAL = """
ERROR 1 [file md.mdp, line 3]:
  With Verlet lists the optimal nstlist is >= 10, with GPUs >= 20.

WARNING 1 [file md.mdp]:
  Something looks odd
  in two lines.

-------------------------------------------------------
Program:     gmx grompp, version 2022.5
Source file: src/gromacs/gmxpreprocess/grompp.cpp (line 2032)

Fatal error:
There was 1 error in input file(s)

For more information and tips for troubleshooting, please check the GROMACS
website at http://www.gromacs.org/Documentation/Errors
-------------------------------------------------------
"""


def test_deciding_words():
    words = deciding_words(FATAL)
    assert words.startswith("ERROR 1 [file md.mdp, line 3]:\n  With Verlet lists")
    assert "in two lines." in words
    assert words.endswith("Fatal error:\nThere was 1 error in input file(s)")
    assert "Source file" not in words
    assert deciding_words("Segmentation fault") == ""


LINCS = """
Step 120, time 6 (ps)  LINCS WARNING
relative constraint deviation after LINCS:
rms 309264032.0, max 1071322048.0 (between atoms 17 and 18)
bonds that rotated more than 30 degrees:
      1      2  160.2    1.5969 366.7254      0.1090
"""


def test_words_of_a_system_that_blew_up_without_a_fatal_error():
    words = deciding_words(LINCS.replace("120", "119") + LINCS)
    assert words.startswith("Step 120, time 6 (ps)  LINCS WARNING")
    assert words.endswith("(between atoms 17 and 18)")


def test_obeyed_signals():
    stopped = "\nReceived the TERM signal, stopping within 100 steps\n\n"
    assert has_obeyed_signal(stopped)
    assert not has_obeyed_signal("step 100")
    assert not has_obeyed_signal(stopped + FATAL)


@pytest.mark.parametrize(
    ("executable", "options", "cores", "env"),
    [
        ("gmx_mpi mdrun", "", None, {}),
        ("gmx mdrun", "", None, {}),
        ("gmx mdrun", "-ntmpi 1", None, {}),
        ("gmx mdrun", "-ntmpi 4", 4, {"OMP_NUM_THREADS": "1"}),
        ("gmx mdrun", "-ntmpi 2 -ntomp 3", 6, {"OMP_NUM_THREADS": "3"}),
        ("gmx mdrun", "-nt 5", 5, {}),
        ("srun -n 4 gmx_mpi mdrun", "", None, {}),
        ("mpirun -np 4 gmx_mpi mdrun", "", 4, {"OMP_NUM_THREADS": "1"}),
    ],
)
def test_what_options_leave_open_follows_the_cores_of_a_queue(executable, options, cores, env):
    threads = threads_in_queue(executable.split(), options.split())
    assert (threads.cores, threads.env) == (cores, env)
