"""The shared memory that the plan counts for batches that wait, and where it has nothing to say."""
from __future__ import annotations

import pytest
from mmengine.config import Config

from mmlofi.planning.training_plan import make_plan
from mmlofi.planning.waiting import waiting_batches, waiting_text

PIPELINE = [dict(type='OpenVideo', short_side=64),
            dict(type='SampleSnippets', num_snippets=8, clip_len=4, frame_interval=1),
            dict(type='AtFidelity', transform=dict(type='CenterCrop', crop_size=512),
                 sizes=('crop_size',)), dict(type='PackTALInputs')]
CYCLE = [dict(name='S', spatial=2), dict(name='T', temporal=4, batch_size=6)]


def text(pipeline=PIPELINE, workers=4, **val) -> list[str]:
    videos = dict(type='UntrimmedVideoDataset', ann_file='gt.json', subset='training',
                  pipeline=pipeline)
    cfg = Config(dict(
        train_cfg=dict(max_epochs=2), optim_wrapper=dict(),
        custom_hooks=[dict(type='LoFiCycleHook', cycle=CYCLE)],
        train_dataloader=dict(batch_size=2, num_workers=workers, dataset=videos,
                              sampler=dict(type='DefaultSampler'),
                              batch_sampler=dict(type='FidelityBatchSampler')),
        val_dataloader=dict(dataset=videos, **val) if val else None))
    return waiting_text(cfg, make_plan(cfg, 12, gpus=1))


@pytest.mark.parametrize(('loader', 'batches'), [
    (dict(), 0), (dict(num_workers=0), 0), (dict(num_workers=4), 9),
    (dict(num_workers=4, prefetch_factor=None), 9), (dict(num_workers=3, prefetch_factor=5), 16)])
def test_each_worker_is_batches_ahead_and_one_is_in_its_step(loader, batches):
    assert waiting_batches(loader) == batches


def test_the_fidelity_with_the_largest_batches_counts_and_validation_is_at_full_fidelity():
    (line,) = text(num_workers=2, batch_size=3)
    # S has 2 videos of 8 x 4 frames of 256², T 6 of 2 x 4 of 512²; 9 batches wait, 5 of validation.
    training, validation = 9 * 6 * 2 * 4 * 3 * 512**2, 5 * 3 * 8 * 4 * 3 * 512**2
    assert (f'{training / 2**30:.2f} in training, {validation / 2**30:.2f} in validation or test'
            in line)
    assert training / 2**30 > 0.1


@pytest.mark.parametrize(('pipeline', 'workers'), [
    (PIPELINE, 0), (PIPELINE[1:2], 4),
    ([dict(type='LoadSnippetFeatures', num_snippets=8)], 4)])
def test_nothing_is_said_without_workers_or_frames_of_a_size(pipeline, workers):
    assert text(pipeline, workers) == []
