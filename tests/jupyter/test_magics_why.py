"""What %asyncmd why says of runs that failed in this process."""


async def test_a_condition_that_gives_numbers(notebook):
    await notebook.run("def psi(trajectory):\n    return np.zeros(len(trajectory))")
    await notebook.run("%asyncmd propagate engine --until psi --max-steps 50 --name bad --n 2")
    assert "failed" in await notebook.error("%asyncmd wait bad")
    said = await notebook.run("%asyncmd why bad")
    assert "Run bad, walkers 0, 1: A condition can't be used" in said
    assert said.count("has to give one bool per frame") == 1
    assert "Within(" in said
    assert "What happens by itself: " in said
    assert "conditions.py" not in said
    assert "Traceback" not in said


async def test_what_it_advises_works(notebook):
    await notebook.run("def psi(trajectory):\n    return np.zeros(len(trajectory))")
    await notebook.run("%asyncmd propagate engine --until psi --max-steps 900 --name bad")
    await notebook.error("%asyncmd wait bad")
    assert "with --continue" in await notebook.run("%asyncmd why bad")
    await notebook.run("%asyncmd propagate engine --until late --name bad --continue")
    await notebook.run("%asyncmd wait bad -o way")
    assert notebook["way"].last_step >= 200
