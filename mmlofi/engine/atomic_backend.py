"""MMEngine's storage on a local disk, whose files are there as a whole or not at all."""
from __future__ import annotations

import os

from mmengine.fileio import LocalBackend, register_backend

from mmlofi.files import whole_file


class AtomicLocalBackend(LocalBackend):
    """MMEngine's files on a local disk, each there as a whole or not at all."""

    def put(self, obj: bytes | memoryview, filepath: str | os.PathLike) -> None:
        """Writes bytes beside the file, which take its name once they are on the disk."""
        with whole_file(filepath) as partial, open(partial, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())

    def put_text(self, obj: str, filepath: str | os.PathLike, encoding: str = 'utf-8') -> None:
        """The same for text."""
        self.put(obj.encode(encoding), filepath)


register_backend('atomic', AtomicLocalBackend, force=True)
