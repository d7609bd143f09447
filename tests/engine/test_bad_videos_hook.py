"""BadVideosHook in real Runners: videos that break in the middle of a training."""
from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from on_ranks import on_two_ranks
from recording import EPOCH, make_runner, train

from mmlofi.engine import bad_videos_hook

LAZY = dict(dataset=dict(check_files=False))


def watching(share=0.05):
    return dict(default_hooks=dict(bad_videos=dict(type='BadVideosHook', max_share=share)), **LAZY)


@pytest.mark.parametrize('workers', [0, 2])
def test_a_bad_video_is_replaced_counted_and_reported(videos, workers, monkeypatch):
    (videos / 'c.mp4').write_text('no video')
    said = []
    monkeypatch.setattr(bad_videos_hook, 'print_log',
                        lambda message, _, level: said.append((level, message)))
    names, runner = train(videos, epochs=3, hook={}, workers=workers, **watching())
    assert names == ['S'] * EPOCH + ['T'] * EPOCH + ['ST'] * EPOCH   # train checks their shapes
    report = json.loads((videos / 'work' / 'bad_videos.json').read_text())
    assert list(report) == ['c']
    assert report['c']['count'] == 3   # once an epoch
    assert 'cannot be decoded' in report['c']['reason']
    assert [level for level, _ in said] == [logging.WARNING] * 4   # when met, after each epoch
    assert "video 'c' was replaced by" in said[0][1]
    assert said[-1][1].startswith('1 videos could not be read so far and were replaced ')


def test_more_bad_videos_than_the_share_stop_the_run_with_their_names(videos):
    for name in 'bcd':
        (videos / f'{name}.mp4').write_text('no video')
    runner = make_runner(videos, epochs=9, hook={}, workers=0, **watching(0.4))
    with pytest.raises(ValueError, match=r'(?s)3 of 6 videos could not be read, more than '
                                         r'max_share=0.4: b: .*; c: .*; d: .*max_share'):
        runner.train()


def test_the_share_is_of_videos_however_often_they_are_repeated(videos):
    for name in 'bcd':
        (videos / f'{name}.mp4').write_text('no video')
    runner = make_runner(videos, epochs=1, hook={}, workers=0, **watching(0.4), wrap=lambda inner:
                         dict(type='RepeatDataset', times=9, dataset=inner))
    with pytest.raises(ValueError, match='3 of 6 videos could not be read'):
        runner.train()


def test_a_resumed_run_goes_on_counting(videos):
    (videos / 'c.mp4').write_text('no video')
    train(videos, epochs=1, hook={}, **watching())
    first = json.loads((videos / 'work' / 'bad_videos.json').read_text())['c']['count']
    train(videos, epochs=2, hook={}, resume=True, **watching())
    assert json.loads((videos / 'work' / 'bad_videos.json').read_text())['c']['count'] > first


def test_a_checkpoint_has_what_all_ranks_met_and_each_goes_on_counting_its_own(tmp_path):
    def meet(rank):
        hook, hub = bad_videos_hook.BadVideosHook(), MessageHub(f'rank {rank}')
        hook._found = {'both': ['cannot be read', 1], f'{rank}': ['is empty', 2]}
        hook.before_checkpoint(SimpleNamespace(message_hub=hub))
        return hub.get_info('bad_videos'), hook._found
    (found, own), _ = on_two_ranks(meet, tmp_path)
    assert found == {'both': ['cannot be read', 2], '0': ['is empty', 2], '1': ['is empty', 2]}
    assert own == {'both': ['cannot be read', 1], '0': ['is empty', 2]}


def test_without_bad_videos_there_is_no_report(videos):
    train(videos, epochs=1, hook={}, **watching())
    assert not (videos / 'work' / 'bad_videos.json').exists()


@pytest.mark.parametrize('share', [-0.1, 2])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match='expected a share of the videos, 0 to 1'):
        bad_videos_hook.BadVideosHook(max_share=share)
