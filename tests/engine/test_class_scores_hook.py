"""ClassScoresHook in real Runners: what it says of class scores before the first epoch."""
from __future__ import annotations

import json
import logging
from contextlib import nullcontext

import numpy as np
import pytest
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmlofi.datasets.transforms import save_features
from mmlofi.pretraining import TSPHead

VIDEO = dict(type='VideoClassifier', in_channels=8, num_classes=2)
SEGMENT = dict(type='SegmentClassifier', in_channels=8, num_classes=2)


@pytest.fixture
def features(tmp_path):
    """Writes features of 20 videos, the first few of which hold two classes."""
    def write(several):
        database = {}
        for number in range(20):
            labels = ('run', 'swim') if number < several else ('run', 'run')
            database[f'v{number}'] = dict(
                subset='training', duration=10.0, annotations=[
                    dict(segment=[4 * place, 4 * place + 3], label=label)
                    for place, label in enumerate(labels)])
            save_features(tmp_path / f'v{number}.npz', np.ones((8, 12), np.float32), 10.0)
        (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
        return tmp_path
    return write


LABELS = dict(type='ActionFormerHead', in_channels=8, num_classes=2,
              backbone=dict(embed_dim=8, arch=(1, 1, 1), window=-1))


def said_before(folder, class_scores, window=None, head=None, validates=False, **model):
    """What the hook logs before the first step, which never comes."""
    dataset = dict(type='UntrimmedVideoDataset', ann_file=str(folder / 'gt.json'),
                   subset='training', data_prefix=dict(feature=str(folder)), window=window,
                   metainfo=dict(classes=('run', 'swim')),
                   pipeline=[dict(type='LoadSnippetFeatures', num_snippets=6 if window else 12),
                             dict(type='PackTALInputs')])
    runner = Runner(
        model=dict(type='EndToEndLocalizer', head=head or dict(type='GTADHead', in_channels=8),
                   class_scores=class_scores, **model),
        work_dir=str(folder / 'work'), default_scope='mmaction',
        train_dataloader=dict(batch_size=4, num_workers=0, dataset=dataset,
                              sampler=dict(type='DefaultSampler', shuffle=True)),
        train_cfg=dict(by_epoch=True, max_epochs=0), optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1)),
        **(dict(val_dataloader=dict(batch_size=4, num_workers=0, dataset=dataset,
                                    sampler=dict(type='DefaultSampler', shuffle=False)),
                val_cfg=dict(), val_evaluator=dict(type='TALMetric', subset='training',
                                                   ann_file=str(folder / 'gt.json')))
           if validates else {}),
        custom_hooks=[dict(type='ClassScoresHook')], experiment_name=f'{folder.name}_{window}')
    said = []
    runner.logger.warning = said.append
    runner.logger.setLevel(logging.WARNING)
    runner.train()
    return [one for one in said if 'classes' in one]


def test_scores_of_the_whole_video_are_warned_of_with_the_number_and_the_mend(features):
    (message,) = said_before(features(1), VIDEO)
    assert '1 of 20 videos with actions hold several classes, and VideoClassifier' in message
    assert '--cfg-options model.class_scores.type=SegmentClassifier' in message


def test_a_file_is_mended_by_a_line_with_its_numbers(features):
    folder = features(20)
    (folder / 'scores.json').write_text(json.dumps({'class': ['run', 'swim'], 'results': {}}))
    (message,) = said_before(folder, dict(type='ClassScoreFile', classes=('run', 'swim'),
                                          path=str(folder / 'scores.json')))
    assert '20 of 20 videos' in message
    assert 'in_channels=8, num_classes=2' in message


def test_windows_of_a_video_count_once(features):
    (message,) = said_before(features(3), VIDEO, window=dict(stride=3))
    assert '3 of 20 videos' in message


@pytest.mark.parametrize(('several', 'settings'), [
    (0, dict(class_scores=VIDEO)), (20, dict(class_scores=SEGMENT)), (20, dict(class_scores=None))])
def test_nothing_is_said_where_scores_and_videos_fit(features, several, settings):
    assert said_before(features(several), **settings) == []


def test_the_line_that_mends_a_config_is_all_that_it_takes(features):
    assert said_before(features(20), VIDEO | dict(type='SegmentClassifier')) == []


@pytest.mark.parametrize(('settings', 'part'), [
    (dict(class_scores=dict(VIDEO, num_classes=3)), 'class_scores'),
    (dict(class_scores=None, head=dict(type='ActionFormerHead', in_channels=8, num_classes=3,
                                       backbone=dict(embed_dim=8, arch=(1, 1, 1), window=-1))),
     'head')])
def test_another_number_of_classes_than_the_data_have_is_refused(features, settings, part):
    with pytest.raises(ValueError, match=r'tells 3 classes apart and the data have 2 \(run, swim.* '
                                         rf'set model\.{part}\.num_classes=2, or'):
        said_before(features(0), **settings)


class Recognizer(BaseModel):
    def __init__(self, num_classes):
        super().__init__()
        self.cls_head = TSPHead(num_classes=num_classes, in_channels=2)

    def forward(self, *args, **kwargs):
        raise AssertionError('nothing is trained')


@pytest.mark.parametrize(('told', 'names', 'refused'), [
    (2, ('run', 'swim'), False), (3, ('run', 'swim'), False), (1, ('run', 'swim'), True),
    (2, None, False)])
def test_a_recognizer_of_fewer_classes_than_its_clips_have_is_refused(tmp_path, told, names,
                                                                      refused):
    """By TSP or ACP+, where a label beyond the last class stops a GPU without a word of why."""
    clips = BaseDataset(lazy_init=True, serialize_data=False,
                        metainfo={} if names is None else dict(classes=names))
    clips.data_list, clips._fully_initialized = [{}], True
    runner = Runner(Recognizer(told), str(tmp_path), train_dataloader=DataLoader(clips),
                    train_cfg=dict(by_epoch=True, max_epochs=0), default_scope='mmaction',
                    optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
                    custom_hooks=[dict(type='ClassScoresHook')])
    with pytest.raises(ValueError, match='tells 1 classes apart .* set model.cls_head.num_classes='
                       ) if refused else nullcontext():
        runner.train()


def test_labels_of_a_head_that_the_video_s_classes_leave_out_are_warned_of(features):
    (message,) = said_before(features(20), VIDEO, head=LABELS, top_classes=1)
    assert 'up to 2, and of what the head labels the 1 best classes of a video are kept' in message
    assert 'Leave model.class_scores out, or set model.top_classes=2' in message
    assert said_before(features(20), VIDEO, window=dict(stride=3), head=LABELS) == []


@pytest.mark.parametrize('head', [None, dict(LABELS, num_classes=1)])
def test_that_all_labels_are_one_is_said_where_they_are_scored(features, head):
    (message,) = said_before(features(20), None, head=head, validates=True)
    assert "the data have 2: all that it finds will be called 'run'" in message
    assert said_before(features(20), None, window=dict(stride=3), head=head) == []
