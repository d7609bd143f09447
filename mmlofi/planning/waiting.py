"""The shared memory that batches take while they wait for their step.

A worker of a data loader hands frames over in /dev/shm: as many batches as it may be ahead, and the
one of the step that runs. Where that is full, workers die of a bus error.
"""
from __future__ import annotations

from mmengine.config import Config

from mmlofi.fidelity import FULL, Fidelity
from mmlofi.planning.tables import gib
from mmlofi.planning.training_plan import Plan, Source, leaves, read_source

AHEAD = 2   # batches of a worker, where the loader has no prefetch_factor


def waiting_batches(loader: dict) -> int:
    """How many batches of a data loader are in shared memory at the most; 0 without workers."""
    workers = loader.get('num_workers', 0)
    return workers * (loader.get('prefetch_factor') or AHEAD) + 1 if workers else 0


def batch_bytes(source: Source, fidelity: Fidelity, batch_size: int) -> int:
    """Bytes of the frames of a batch, which travel as uint8."""
    frames = fidelity.reduce_snippets(source.num_snippets) * source.clip_len
    return batch_size * frames * 3 * source.side_at(fidelity)**2


def waiting_in_training(cfg: Config, plan: Plan) -> int:
    """Bytes of a rank, if all that waits is of the fidelity with the largest batches."""
    return waiting_batches(cfg.train_dataloader) * max(
        batch_bytes(plan.source, one, one.batch_size or plan.sampler.batch_size)
        for one in plan.sampler.schedule.fidelities)


def waiting_in_evaluation(loader: dict | None) -> int:
    """Bytes of a rank at full fidelity; 0 where there is no such loader, or its size is not known.
    """
    if loader is None:
        return 0
    try:
        sources = [read_source(leaf['pipeline']) for _, leaf in leaves(loader['dataset'])]
    except ValueError:   # lengths of features, which differ, or a data set of another kind
        return 0
    return waiting_batches(loader) * max(
        (batch_bytes(source, FULL, loader.get('batch_size', 1)) for source in sources
         if source.clip_len and source.side), default=0)


def waiting_text(cfg: Config, plan: Plan) -> list[str]:
    """A line on shared memory; none for features, which are small, or frames without a size."""
    if not (plan.source.clip_len and plan.source.side):
        return []
    training = waiting_in_training(cfg, plan)
    evaluation = max(waiting_in_evaluation(cfg.get(f'{split}_dataloader'))
                     for split in ('val', 'test'))
    if not training and not evaluation:
        return []
    return ['batches that wait, in GiB of shared memory (/dev/shm) for each GPU of a machine: '
            f'{gib(training)} in training, {gib(evaluation)} in validation or test; a container '
            'has 0.06 unless it is given more, as by docker run --shm-size']
