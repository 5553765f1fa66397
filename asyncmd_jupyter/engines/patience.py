"""How often parts may get nowhere."""

from __future__ import annotations

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import EngineError


class Patience:
    """Ends a row of parts that take no step, after as many as the settings say.

    Parameters
    ----------
    files : EngineFiles
        Of the simulation.
    """

    def __init__(self, files: EngineFiles) -> None:
        self._files = files
        self._fruitless = 0

    def judge(self, has_advanced: bool, why: str) -> None:
        """Take the end of a part into account.

        Parameters
        ----------
        has_advanced : bool
            Whether it left something.
        why : str
            A sentence on what has ended it.

        Raises
        ------
        EngineError
            It was one too many that left nothing.
        """
        self._fruitless = 0 if has_advanced else self._fruitless + 1
        limit = runtime.current().settings.max_fruitless_parts
        if self._fruitless < limit:
            return
        files = self._files
        raise EngineError(
            f"{limit} parts of {files.deffnm!r} in {str(files.workdir)!r} in a row took no step. "
            f"{why} The parts are on disk: go on with continuation=True or prepare_from_files()."
        )
