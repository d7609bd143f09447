"""Checkpoints of MMEngine's FlexibleRunner, whole or not there, whatever strategy writes them."""
from __future__ import annotations

import os
import shutil
from functools import wraps
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import Runner

from mmlofi.engine.parted_ranks import failing_together
from mmlofi.files import hidden_path


def write_beside(runner: Runner) -> None:
    """Lets the strategy of a FlexibleRunner write beside a checkpoint's place, then renames.

    It does not hand on where files are to be written by (`backend_args`). A checkpoint is a file,
    or a folder that all ranks write into.
    """
    strategy = getattr(runner, 'strategy', None)
    if strategy is None or getattr(strategy.save_checkpoint, 'is_beside', False):
        return
    present = strategy.save_checkpoint

    @wraps(present)
    def save_checkpoint(filename: str, **settings: object) -> None:
        """On all ranks: writes beside `filename`, which then takes the name; or fails on all."""
        partial = [str(hidden_path(filename))]
        broadcast_object_list(partial)   # rank 0's
        try:
            with failing_together(f'could not write {filename}'):
                present(partial[0], **settings)
            with failing_together(f'could not rename {partial[0]} to {filename}'):
                if is_main_process():
                    _put_in_place(Path(partial[0]), Path(filename))
        finally:
            if is_main_process():
                _remove(Path(partial[0]))
    save_checkpoint.is_beside = True
    strategy.save_checkpoint = save_checkpoint


def _put_in_place(partial: Path, path: Path) -> None:
    for file in [partial] if partial.is_file() else partial.rglob('*'):
        if file.is_file():
            with open(file, 'rb') as written:
                os.fsync(written.fileno())
    if path.is_dir():
        _remove(path)   # no system replaces a folder that holds something
    os.replace(partial, path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
