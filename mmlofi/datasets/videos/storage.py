"""Files on disk, or wherever an MMEngine file backend has them.

A backend is meant by `backend_args`, such as ``dict(backend='petrel')``, or by a path's prefix,
such as ``s3://``.
"""
from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.fileio import BaseStorageBackend

NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}   # what these say

def on_disk(path: str | os.PathLike, backend_args: dict | None) -> bool:
    """Whether a path is one of this machine's."""
    if _is_plain(path, backend_args):
        return True
    from mmengine.fileio import LocalBackend
    return type(_backend(path, backend_args)) is LocalBackend


def is_there(path: str | os.PathLike, backend_args: dict | None) -> bool:
    """Whether there is such a file; yes where the backend cannot tell, such as that for http."""
    if on_disk(path, backend_args):
        return is_file(path)
    backend = _backend(path, backend_args)
    return not hasattr(backend, 'isfile') or backend.isfile(path)


def is_file(path: str | os.PathLike) -> bool:
    """Whether there is such a file on disk.

    Raises:
        OSError: Where the disk does not say, which `os.path.isfile` would take for a no.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except ValueError:   # for a zero byte in it
        return False
    except OSError as error:
        if error.errno in NO_FILE:
            return False
        raise


def read_bytes(path: str | os.PathLike, backend_args: dict | None) -> bytes:
    """What a file holds."""
    if _is_plain(path, backend_args):
        with open(path, 'rb') as file:
            return file.read()
    return _backend(path, backend_args).get(path)


def _is_plain(path: str | os.PathLike, backend_args: dict | None) -> bool:
    """Whether Python opens it: then tools that read json need not load MMEngine."""
    return backend_args is None and '://' not in os.fspath(path)


def _backend(path: str | os.PathLike, backend_args: dict | None) -> BaseStorageBackend:
    from mmengine.fileio import get_file_backend
    return get_file_backend(path, backend_args=backend_args, enable_singleton=True)
