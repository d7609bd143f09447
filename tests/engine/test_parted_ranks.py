"""Ranks that would train on something else than the others stop all of them, before a step."""
from __future__ import annotations

import json
import shutil

import pytest
from mmaction.registry import DATA_SAMPLERS
from on_ranks import on_two_ranks
from recording import CYCLE, make_runner
from torch.utils.data import SequentialSampler

from mmlofi.engine.parted_ranks import failing_together, refuse_parted_ranks


@DATA_SAMPLERS.register_module()
class PlainOrder(SequentialSampler):
    """Gives each rank everything."""

    def __init__(self, dataset, seed):
        super().__init__(dataset)


def other_videos(folder):
    """The same data set with one video under another name, as on a machine with an older copy."""
    copy = folder / 'other'
    shutil.copytree(folder, copy)
    content = json.loads((copy / 'gt.json').read_text())
    content['database']['z'] = content['database'].pop('f')
    (copy / 'f.mp4').rename(copy / 'z.mp4')
    (copy / 'gt.json').write_text(json.dumps(content))
    return copy


@pytest.mark.parametrize(('differs', 'words'), [
    ('videos', "parted: videos '.*' on rank 0 and '.*' on rank 1"),
    ('batch_size', 'parted: batch_size 2 on rank 0 and 1 on rank 1'),
    ('cycle', 'parted: schedule .*on rank 1'), ('seed', 'parted: seed 0 on rank 0 and 5 on rank 1'),
    ('share', 'PlainOrder gave all 2 ranks the same videos')])
def test_what_ranks_would_train_on_is_compared(videos, differs, words):
    other = other_videos(videos) if differs == 'videos' else videos
    settings = dict(batch_size=dict(batch_size=1), cycle=dict(cycle=CYCLE[:2]),
                    seed=dict(randomness=dict(seed=5)), share={}, videos={})

    def train(rank):
        runner = make_runner(other if rank else videos, epochs=1, hook={}, workers=0,
                             launcher='pytorch', **(settings[differs] if rank else {}),
                             order=dict(type='PlainOrder') if differs == 'share' else None)
        runner.train()
    for answer in on_two_ranks(train, videos):
        with pytest.raises(ValueError, match=words):
            raise ValueError(answer)


def test_facts_are_compared_and_failures_told_on_all_ranks(tmp_path):
    def compare(rank):
        refuse_parted_ranks(dict(epoch=3), mend='')
        caught = []
        try:
            refuse_parted_ranks(dict(epoch=3, iteration=7 + rank), mend='restart')
        except ValueError as error:
            caught.append(str(error))
        with failing_together('could not load'):
            pass
        try:
            with failing_together('could not load x.pth'):
                if rank:
                    raise ValueError('it is empty')
        except (RuntimeError, ValueError) as error:
            caught.append(str(error))
        return caught
    parted = ('the ranks of this run have parted: iteration 7 on rank 0 and 8 on rank 1; expected '
              'the same on all: restart')
    first, second = on_two_ranks(compare, tmp_path)
    assert first == [parted, 'rank 1 could not load x.pth (ValueError: it is empty); expected all '
                             'ranks to: see its log, and that all machines see the same files']
    assert second == [parted, 'it is empty']
