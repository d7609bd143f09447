"""Where a resumed training began, for when it is killed before its first checkpoint."""
from __future__ import annotations

import os.path as osp

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmlofi.engine.atomic_backend import AtomicLocalBackend

LAST = 'last_checkpoint'   # the file in a work dir from which `--resume` takes a path


def note_resumed_from(runner: Runner) -> None:
    """Names the checkpoint that `--resume CHECKPOINT` gave as the last one of the work dir.

    One of a store is not noted, nor one of another run whose name a checkpoint here has as well,
    which would be taken for it (as in a work dir that was copied).
    """
    path = runner._load_from if runner._resume else None
    if not path or not is_main_process() or not osp.exists(path):
        return
    here = osp.join(runner.work_dir, osp.basename(path))
    if not osp.exists(here) or osp.samefile(here, path):
        AtomicLocalBackend().put_text(osp.abspath(path), osp.join(runner.work_dir, LAST))
