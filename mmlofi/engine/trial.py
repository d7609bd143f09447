"""A checkpoint is read again as soon as it is written, while there is a run that has it all."""
from __future__ import annotations

import os.path as osp

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import CheckpointLoader


def try_to_load(path: str) -> None:
    """Reads a checkpoint back on rank 0, and stops all ranks where that fails.

    A folder, as DeepSpeed and sharded models save, is for all ranks to load, and left alone.

    Raises:
        ValueError: On all ranks, with what a resumed training would say.
    """
    problem = [None]
    if is_main_process() and not osp.isdir(path):
        try:
            CheckpointLoader.load_checkpoint(path, map_location='cpu')
        except Exception as error:   # whatever it is, a resume would meet it as well
            problem = [f'{type(error).__name__}: {error}']
    broadcast_object_list(problem)
    if problem[0] is not None:
        raise ValueError(f'the first checkpoint of this run could not be read again, so that no '
                         f'training could resume from it ({problem[0]}); expected tensors, numbers '
                         'and plain values: take what it names out of the config, or out of what '
                         'a hook keeps in runner.message_hub')
