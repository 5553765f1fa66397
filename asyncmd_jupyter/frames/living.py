"""Cached values of all trajectories that live in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncmd_jupyter.frames.cache import ValueCaches

if TYPE_CHECKING:
    import h5py


def clear_all_cache_values_for_all_trajectories() -> None:
    """Forget all values of functions on all living trajectories, in every cache."""
    ValueCaches.current().clear_living()


def update_cache_type_for_all_trajectories(
    copy_content: bool = True, clear_old_cache: bool = False
) -> None:
    """Take the values of all living trajectories over into the type of cache now in use.

    Parameters
    ----------
    copy_content : bool
        Whether values in the other caches are copied.
    clear_old_cache : bool
        Whether they are removed there.

    Raises
    ------
    ValueError
        When values would be removed from files while there is only memory to keep them.
    """
    caches = ValueCaches.current()
    caches.use(caches.type, copy_content, clear_old_cache)


def deregister_h5py_cache_for_all_trajectories(h5py_group: h5py.Group | h5py.File) -> None:
    """Stop using an HDF5 group for any trajectory; see `config.deregister_h5py_cache`.

    Raises
    ------
    ValueError
        If it is not registered.
    """
    ValueCaches.current().deregister_h5py(h5py_group)
