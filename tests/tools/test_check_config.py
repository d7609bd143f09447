"""What the check of a data set takes from a config: folders, subsets, classes, features."""
from __future__ import annotations

import re
import sys

import cv2
import numpy as np
import pytest
from checked import GOOD, action, faults_of

from mmlofi.datasets.transforms import save_features
from mmlofi.pretraining.gvf import save_gvf


@pytest.fixture
def config(tmp_path):
    """Writes a config whose loaders read what `make_dataset` made, from a prefix."""
    def write(prefix, **more):
        def loader(subset):
            return dict(dataset=dict(
                dict(type='UntrimmedVideoDataset', ann_file='gt.json', data_root=str(tmp_path),
                     data_prefix=prefix, subset=subset), **more))
        path = tmp_path / 'config.py'
        path.write_text(f'train_dataloader = {loader("training")}\n'
                        f'val_dataloader = {loader("validation")}\n'
                        'test_dataloader = val_dataloader\n')
        return path
    return write


def test_a_config_says_folders_subsets_and_classes(make_dataset, run_check, config):
    make_dataset(**GOOD, other=dict(subset='testing', annotations=[action(2, 1)]))
    status, output, report = run_check(config(dict(video='videos'), metainfo=dict(classes=['run'])))
    assert status == 0
    assert list(report['subsets']) == ['training', 'validation']
    status, _, report = run_check(config(dict(video='videos'), metainfo=dict(classes=['swim'])))
    assert {kind for kinds in faults_of(report).values() for kind in kinds} == {'unknown class'}
    assert '3 of 3' in status


def test_the_segments_of_acp_plus_are_checked_as_their_videos_are(make_dataset, run_check, config):
    (make_dataset(**GOOD) / 'videos' / 'b.mp4').unlink()
    status, _, report = run_check(config(dict(video='videos'), type='SegmentDataset'))
    assert '1 of 3' in status
    assert faults_of(report) == {'b': ['missing']}


def test_the_clips_of_tsp_are_checked_as_their_videos_are(make_dataset, run_check, config):
    (make_dataset(**GOOD) / 'videos' / 'b.mp4').unlink()
    status, _, report = run_check(config(
        dict(video='videos'), type='TSPDataset', background=dict(shortest_gap_sec=1),
        pipeline=[dict(type='OpenVideo'), dict(type='ClipInSegment')]))
    assert '1 of 3' in status
    assert faults_of(report) == {'b': ['missing']}


@pytest.mark.parametrize(('names', 'message'), [
    (None, 'no global video features at'), ('abc', None),
    ('ab', r"no vector of 1 of 1 videos, the first: \['c'\]")])
def test_the_global_features_of_tsp_are_looked_for(make_dataset, run_check, config, tmp_path, names,
                                                   message):
    make_dataset(**GOOD)
    if names:
        save_gvf(tmp_path / 'gvf.npz', {name: np.ones(3, 'f') for name in names})
    status, _, _ = run_check(config(
        dict(video='videos'), type='TSPDataset', gvf=dict(file=f'{tmp_path}/gvf.npz', feat_dim=3),
        pipeline=[dict(type='OpenVideo'), dict(type='ClipInSegment')]))
    assert status == 0 if message is None else re.search(message, status)


def test_folders_of_pictures_are_checked_by_the_transform_that_opens_them(
        make_dataset, run_check, config, tmp_path):
    make_dataset(**GOOD)
    for name in 'abc':
        (tmp_path / 'frames' / name).mkdir(parents=True)
        for number in range(2 - (name == 'b')):
            cv2.imwrite(str(tmp_path / 'frames' / name / f'{number}.png'),
                        np.full((8, 8, 3), ord(name), np.uint8))
    opener = dict(type='OpenFrames', filename_tmpl='{}.png', start_index=0)
    assert run_check(config(dict(img='frames'), pipeline=[opener]))[0] == 0
    status, _, report = run_check(config(dict(img='frames'),
                                         pipeline=[dict(opener, start_index=1)]))
    assert faults_of(report) == {'b': ['unreadable']}
    assert '1 of 3' in status


def test_folders_of_pictures_that_no_transform_opens_are_one_line(make_dataset, call_tool, config):
    make_dataset(**GOOD)
    with pytest.raises(SystemExit, match='expected OpenFrames in the pipeline'):
        call_tool('check_dataset.py', config(dict(img='frames')))


def test_settings_of_a_config_are_overridden_as_in_training(make_dataset, run_check, config):
    folder = make_dataset(**GOOD)
    (folder / 'videos').rename(folder / 'proxies_128')
    path, key = config(dict(video='videos')), 'dataset.data_prefix.video=proxies_128'
    assert '3 of 3' in run_check(path)[0]
    assert run_check(path, '--cfg-options', f'train_dataloader.{key}', f'val_dataloader.{key}',
                 f'test_dataloader.{key}')[0] == 0


def test_h5_files_without_h5py_are_one_line(make_dataset, call_tool, config, monkeypatch):
    (make_dataset(**GOOD) / 'tsp.h5').write_text('')
    monkeypatch.setitem(sys.modules, 'h5py', None)
    with pytest.raises(SystemExit, match='check_dataset: .*pip install h5py'):
        call_tool('check_dataset.py', config(dict(feature='tsp.h5')))


def test_features_are_checked_too(make_dataset, run_check, config, tmp_path):
    make_dataset(**GOOD)
    (tmp_path / 'features').mkdir()
    for value, name in enumerate('abc'):
        save_features(tmp_path / 'features' / f'{name}.npz', np.full((4, 8), value), 2.0)
    path = config(dict(feature='features'))
    assert run_check(path)[0] == 0
    (tmp_path / 'features' / 'a.npz').write_text('cut')
    (tmp_path / 'features' / 'b.npz').unlink()
    assert faults_of(run_check(path)[2]) == {'a': ['unreadable'], 'b': ['missing']}


HEADER = dict(backbone_sha256='1c', num_snippets=8, snippet_interval=None, clip_len=8,
              frame_interval=8, side=224, feat_dim=4, dtype='float32')


@pytest.mark.parametrize(('loader', 'changed', 'bad'), [
    (dict(), dict(), ''), (dict(feat_dim=5), dict(), 'abc'), (dict(num_snippets=16), dict(), 'abc'),
    (dict(expected=dict(side=[224, 256])), dict(side=112), 'b'), (dict(), dict(feat_dim=5), 'b'),
    (dict(), dict(backbone_sha256='2d'), 'b')])
def test_features_that_would_stop_a_training_are_found(make_dataset, run_check, config, tmp_path,
                                                       loader, changed, bad):
    make_dataset(**GOOD | dict(d={}))
    (tmp_path / 'features').mkdir()
    for value, name in enumerate('abcd'):
        header = HEADER | (changed if name == 'b' else {})
        save_features(tmp_path / 'features' / f'{name}.npz',
                      np.full((header['feat_dim'], 8), value), 2.0, header)
    pipeline = [dict(dict(type='LoadSnippetFeatures', num_snippets=8), **loader)]
    status, _, report = run_check(config(dict(feature='features'), pipeline=pipeline))
    bad += 'd' if len(bad) == 3 else ''
    assert faults_of(report) == dict.fromkeys(bad, ['other features'])
    assert status == 0 if not bad else f'{len(bad)} of 4' in status


def test_features_of_a_second_folder_are_checked_as_those_of_the_first(make_dataset, run_check,
                                                                       config, tmp_path):
    make_dataset(**GOOD | dict(d={}, e={}))
    for folder in ('first', 'second'):
        for value, name in enumerate('abcde'):
            save_features(tmp_path / folder / f'{name}.npz', np.full((4, 8), value), 2.0, HEADER)
    path = config(dict(feature='first'), pipeline=[
        dict(type='LoadSnippetFeatures', num_snippets=8),
        dict(type='AppendFeatures', folder=str(tmp_path / 'second'), num_snippets=8)])
    assert run_check(path)[0] == 0
    (tmp_path / 'second/a.npz').unlink()
    save_features(tmp_path / 'second/b.npz', np.ones((4, 8)), 2.0, HEADER | dict(side=112))
    save_features(tmp_path / 'second/d.npz', np.full((4, 8), np.nan), 2.0, HEADER)
    save_features(tmp_path / 'second/e.npz', np.ones((4, 8)), 3.5, HEADER)
    status, output, report = run_check(path)
    assert faults_of(report) == {'a': ['missing'], 'b': ['other features'], 'd': ['bad values'],
                                 'e': ['other features']}
    assert '4 of 5' in status
    assert 'second/b.npz' in output


@pytest.mark.parametrize(('model', 'says'), [
    (dict(class_scores=dict(type='VideoClassifier')), '--cfg-options model.class_scores.type='),
    (dict(class_scores=dict(type='ClassScoreFile')), "_delete_=True, type='SegmentClassifier'"),
    (dict(class_scores=dict(type='SegmentClassifier')), None), (dict(head={}), None),
    (dict(class_scores=dict(type='ClassScoreFile'), head=dict(num_classes=2)), None)])
def test_class_scores_of_the_whole_video_are_warned_of_where_it_has_several(
        make_dataset, run_check, config, model, says):
    make_dataset(**GOOD | dict(a=dict(annotations=[action(0, 1), action(1, 2, 'swim')])))
    path = config(dict(video='videos'))
    path.write_text(path.read_text() + f'model = {model}\n')
    status, output, _ = run_check(path)
    assert status == 0
    assert ('several classes a video are usual' in output) == (says is not None)
    assert says is None or says in output
