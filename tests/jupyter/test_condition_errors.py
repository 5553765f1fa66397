"""What is said of conditions that raise: which one, what, and in which line."""

from asyncmd_jupyter.jupyter.widgets.summary import summary_text
from asyncmd_jupyter.sampling.runs import Runs

SOON_BAD = """\
table = {}

def near(trajectory):
    return table["res 7"]
"""
SAID = "KeyError: 'res 7'. In the condition folded (function near), line 4 of near: "


async def test_views_and_wait_name_condition_error_and_line(notebook):
    await notebook.run(SOON_BAD)
    await notebook.run("%asyncmd propagate engine --until folded=near --name brk -o run")
    told = await notebook.error("%asyncmd wait brk")
    assert told == f"The run 'brk' failed: {SAID}return table[\"res 7\"]"
    snapshot = notebook["run"].snapshot()
    assert snapshot.walkers[0].error == f'{SAID}return table["res 7"]'
    assert SAID in summary_text(snapshot)
    why = await notebook.run("%asyncmd why brk")
    assert "KeyError: 'res 7'" in why
    assert "In the condition folded (function near), line 4 of near" in why


async def test_what_this_package_raises_on_purpose_blames_nobody(notebook):
    await notebook.run("def few(trajectory):\n    return np.zeros(1, dtype=bool)")
    await notebook.run("%asyncmd propagate engine --until few --name brk -o run")
    told = await notebook.error("%asyncmd wait brk")
    assert "few gave an array of dtype bool" in told
    assert "In the" not in told


async def test_a_run_that_is_brought_back_says_the_same(notebook):
    bad = 'def bad(trajectory):\n    raise ValueError("no such residue")'
    await notebook.run(f"{SOON_BAD}\n{bad}")
    await notebook.run("%asyncmd propagate engine --until folded=near --name brk")
    await notebook.run("%asyncmd propagate engine --until bad --name brk2")
    told = [await notebook.error(f"%asyncmd wait {name}") for name in ("brk", "brk2")]
    assert "ValueError: no such residue. In the condition bad, line " in told[1]
    for name in ("brk", "brk2"):
        Runs.current().forget(name)
    await notebook.run("%asyncmd attach")
    assert [await notebook.error(f"%asyncmd wait {name}") for name in ("brk", "brk2")] == told
