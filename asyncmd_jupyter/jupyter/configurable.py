"""``%config AsyncMD.max_cores = 2``: the settings where users of Jupyter look for them."""

from __future__ import annotations

from typing import Any

from traitlets import TraitError, TraitType
from traitlets.config import Configurable

from asyncmd_jupyter.jupyter.named_settings import NamedSetting, settings


class Mirror(TraitType[Any, Any]):
    """A trait that keeps nothing: it shows and changes a setting in force.

    Parameters
    ----------
    setting : NamedSetting
    """

    def __init__(self, setting: NamedSetting) -> None:
        super().__init__(help=setting.help)
        self._setting = setting
        self.tag(config=True)

    def get(self, _obj: Any, _cls: Any = None) -> Any:
        """Read the setting."""
        return self._setting.read()

    def set(self, _obj: Any, value: Any) -> None:
        """Change the setting."""
        try:
            self._setting.write(value)
        except (ValueError, TypeError) as error:
            raise TraitError(f"AsyncMD.{self.name}: {error}") from error

    def default_value_repr(self) -> str:
        """Say what it is where nobody has changed it."""
        return repr(self._setting.read())


def register(shell: Any) -> None:
    """Let ``%config`` and the configuration files of the kernel know the settings."""
    unregister(shell)
    shell.configurables.append(_class()(parent=shell))


def unregister(shell: Any) -> None:
    """Take them away."""
    shell.configurables[:] = [c for c in shell.configurables if type(c).__name__ != "AsyncMD"]


def _class() -> type[Configurable]:
    traits = {setting.name: Mirror(setting) for setting in settings()}
    doc = "Limits of asyncmd_jupyter in this kernel; the same as in asyncmd_jupyter.config."
    return type("AsyncMD", (Configurable,), {"__doc__": doc, "__module__": __name__, **traits})
