from asyncmd_jupyter import runtime as runtimes


def test_runtime_fixture_is_in_force_and_private(runtime, private_folders):
    assert runtimes.current() is runtime
    assert runtime.settings.state_dir.is_relative_to(private_folders)


async def test_runtime_fixture_is_in_force_in_coroutines_too(runtime):
    assert runtimes.current() is runtime
