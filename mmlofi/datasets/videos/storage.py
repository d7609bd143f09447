"""Files on disk, or wherever an MMEngine file backend has them.

A backend is meant by `backend_args`, such as ``dict(backend='petrel')``, or by a path's prefix,
such as ``s3://``.
"""
from __future__ import annotations

import os

from mmengine.fileio import LocalBackend, get_file_backend


def on_disk(path: str | os.PathLike, backend_args: dict | None) -> bool:
    """Whether a path is one of this machine's."""
    return type(_backend(path, backend_args)) is LocalBackend


def is_there(path: str | os.PathLike, backend_args: dict | None) -> bool:
    """Whether there is such a file; yes where the backend cannot tell, such as that for http."""
    backend = _backend(path, backend_args)
    return not hasattr(backend, 'isfile') or backend.isfile(path)


def _backend(path: str | os.PathLike, backend_args: dict | None):
    return get_file_backend(path, backend_args=backend_args, enable_singleton=True)
