"""What is wrong with data or config is said in one error, before training starts."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from mmlofi.datasets.transforms import save_features


@pytest.fixture
def annotations(toy_data, tmp_path):
    """Writes the benchmark's annotations after `change(database)`; gives the file."""
    def write(change) -> str:
        content = json.loads((toy_data / 'annotations.json').read_text())
        change(content['database'])
        (tmp_path / 'changed.json').write_text(json.dumps(content))
        return str(tmp_path / 'changed.json')
    return write


@pytest.fixture
def train(call_tool, toy_configs, tmp_path, monkeypatch):
    """Calls `tools/train.py`; an epoch that begins is a failure of its own."""
    def start(*args, **kwargs):
        raise AssertionError('training has started')
    monkeypatch.setattr('mmengine.runner.EpochBasedTrainLoop.run_epoch', start)
    monkeypatch.setattr('mmlofi.engine.FidelityTrainLoop.run_epoch', start)
    monkeypatch.setattr('mmengine.runner.IterBasedTrainLoop.run_iter', start)

    def run(config: str, *options: str) -> None:
        call_tool('train.py', toy_configs / config, '--work-dir', tmp_path / 'run',
                  *(['--cfg-options', *options] if options else []))
    return run


@pytest.mark.parametrize('config', ['acp_toy.py', 'lofi_toy.py', 'gtad_toy.py'])
def test_good_input_is_accepted_up_to_the_first_epoch(config, train):
    with pytest.raises(AssertionError, match='training has started'):
        train(config)


# ---- files

@pytest.mark.parametrize(('config', 'loader'), [
    ('lofi_toy.py', 'train_dataloader'), ('gtad_toy.py', 'val_dataloader')])
def test_missing_files_are_counted_and_named(config, loader, train, annotations):
    def add(database):
        for name in ('lost_1', 'lost_2'):
            database[name] = database['train_0000' if 'train' in loader else 'val_0000']
    with pytest.raises(FileNotFoundError, match=r'2 of \d+ \w+ files of subset .* are missing, the '
                                                r'first: .*lost_1\..*; expected one file a video'):
        train(config, f'{loader}.dataset.ann_file={annotations(add)}')


def test_unreadable_videos_are_counted_and_named(train, toy_data, tmp_path):
    folder = shutil.copytree(toy_data / 'videos', tmp_path / 'videos')
    (folder / 'train_0002.mp4').write_bytes(b'no video at all')
    (folder / 'train_0004.mp4').write_bytes((folder / 'train_0004.mp4').read_bytes()[:1000])
    with pytest.raises(ValueError, match='(?s)2 of 6 videos of subset .* cannot be used .*first:'
                                         '.*train_0002.*text.*train_0004.*is cut off'):
        train('lofi_toy.py', f'train_dataloader.dataset.data_prefix.video={folder}')


def test_features_of_the_wrong_size_are_named(train, toy_features, tmp_path):
    folder = shutil.copytree(toy_features, tmp_path / 'features')
    for path in folder.glob('*.npz'):
        save_features(path, np.zeros((64, 32), 'f'), 30.0)
    with pytest.raises(ValueError, match=r"train_0000.npz' holds features of shape \(64, 32\) "
                                         r'.*expected 128 channels .*: set the head'):
        train('gtad_toy.py', f'train_dataloader.dataset.data_prefix.feature={folder}')


def test_a_missing_annotation_file_is_named(train):
    with pytest.raises(FileNotFoundError, match="no annotation file at 'none.json': expected"):
        train('lofi_toy.py', 'train_dataloader.dataset.ann_file=none.json')


def test_missing_weights_to_start_from_are_named(train):
    with pytest.raises(FileNotFoundError, match='no checkpoint at acp.pth; expected a file'):
        train('lofi_toy.py', 'load_from=acp.pth')


# ---- annotations

def outside(database):
    entry = database['train_0001']
    entry['annotations'][0]['segment'] = [entry['duration'] + 1, entry['duration'] + 5]


def reversed_segment(database):
    database['train_0001']['annotations'][0]['segment'] = [9, 4]


@pytest.mark.parametrize('config', ['lofi_toy.py', 'gtad_toy.py'])
@pytest.mark.parametrize(('change', 'segment'), [
    (outside, r'\[[\d.]+, [\d.]+\] in a video of a duration of [\d.]+ s'),
    (reversed_segment, r'\[9, 4\] in a video of')])
def test_segments_that_cannot_be_are_named(config, change, segment, train, annotations):
    with pytest.raises(ValueError, match=f"has 1 faults: 'train_0001': .*{segment}.* correct "
                                         'or remove them'):
        train(config, f'train_dataloader.dataset.ann_file={annotations(change)}')


def test_a_class_that_the_dataset_does_not_have_is_named(train):
    with pytest.raises(ValueError, match=r"labels actions as .* unknown classes in subset "
                                         r"'training'\); expected the 2 of metainfo.classes"):
        train('gtad_toy.py', 'train_dataloader.dataset.metainfo.classes=[walk,swim]')


def test_more_classes_than_the_classifier_has_are_named_before_the_first_epoch(
        call_tool, toy_configs, tmp_path):
    with pytest.raises(ValueError, match=r'the model tells 3 classes apart and the data have 5 '
                                         r'.* set model\.class_scores\.num_classes=5'):
        call_tool('train.py', toy_configs / 'gtad_toy.py', '--work-dir', tmp_path, '--cfg-options',
                  'model.class_scores.num_classes=3')


@pytest.mark.parametrize('lost', [(), ('val_0001', 'val_0003', 'val_0004', 'val_0002')])
def test_videos_to_score_without_class_scores_are_named(lost, train, toy_data, toy_configs,
                                                        tmp_path):
    database = json.loads((toy_data / 'annotations.json').read_text())['database']
    classes = sorted({one['label'] for entry in database.values() for one in entry['annotations']})
    (tmp_path / 'scores.json').write_text(json.dumps({'class': classes, 'results': {
        name: [0.2] * len(classes) for name, entry in database.items()
        if entry['subset'] == 'validation' and name not in lost}}))     # none of the others
    (tmp_path / 'config.py').write_text(
        f"_base_ = '{toy_configs / 'gtad_toy.py'}'\n"
        f"model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile', classes={classes}, "
        f"path='{tmp_path / 'scores.json'}'))\n")
    error, message = (ValueError, r"no scores for 4 of 5 videos, the first: \['val_0001', "
                      r"'val_0002', 'val_0003'\], but for 1") if lost else (
        AssertionError, 'training has started')
    with pytest.raises(error, match=message):
        train(tmp_path / 'config.py')


def test_features_of_another_fidelity_are_named(train, toy_features, tmp_path):
    folder = shutil.copytree(toy_features, tmp_path / 'features')
    for path in folder.glob('train_*.npz'):
        save_features(path, np.zeros((128, 32), 'f'), 30.0, dict(num_snippets=8, side=32))
    with pytest.raises(ValueError, match=r"6 of 6 feature files of subset 'training' cannot be used"
                                         r'.* extracted with num_snippets=8, side=32; expected '
                                         'num_snippets=32, side=64: extract it again'):
        train('gtad_toy.py', f'train_dataloader.dataset.data_prefix.feature={folder}')


def test_an_empty_split_is_named(train, annotations):
    with pytest.raises(ValueError, match=r"no video of subset \['testing'\]; it has \['training', "
                                         r"'validation'\]. Set the subset"):
        train('lofi_toy.py', 'train_dataloader.dataset.subset=testing')
    nothing = annotations(dict.clear)
    with pytest.raises(ValueError, match='changed.json holds no video; its "database" is empty'):
        train('lofi_toy.py', f'train_dataloader.dataset.ann_file={nothing}')


def test_a_split_without_actions_cannot_be_scored(train, annotations):
    def clear(database):
        for entry in database.values():
            entry['annotations'] = []
    with pytest.raises(ValueError, match='has no action in the 5 videos of subset'):
        train('gtad_toy.py', f'val_evaluator.ann_file={annotations(clear)}')


# ---- the cycle

@pytest.mark.parametrize(('option', 'message'), [
    ('train_dataloader.batch_sampler=None',
     'found the batch sampler BatchSampler; expected a FidelityBatchSampler: set train_dataloader'),
    ('train_dataloader.batch_size=7', 'a rank gets 6 videos an epoch, fewer than batch_size=7'),
    ('train_dataloader.batch_size=0', 'got batch_size=0; expected a whole number of 1 or more'),
    ('custom_hooks.0.cycle=[]', 'a fidelity cycle got no fidelity; expected at least one'),
    ('custom_hooks.0.cycle.0.spatial=0.5', "fidelity 'S' has spatial=0.5; expected a reduction"),
    ('custom_hooks.0.cycle.0.r_s=2', 'expected a dict of name, temporal .* and spatial'),
    ('custom_hooks.0.cycle.1.name=S', "two different fidelities are named 'S'"),
    ('custom_hooks.0.by=step', "by='step'; expected 'epoch'"),
    ('custom_hooks.0.interval=0', 'interval=0; expected a whole number of epochs, 1 or more')])
def test_a_cycle_that_cannot_be_served_is_refused(option, message, train):
    with pytest.raises(ValueError, match=message):
        train('lofi_toy.py', option)


def test_a_cycle_needs_a_loop_by_epoch(train, toy_configs, tmp_path):
    config = tmp_path / 'by_iter.py'
    config.write_text(f"_base_ = '{toy_configs / 'lofi_toy.py'}'\n"
                      'train_cfg = dict(_delete_=True, by_epoch=False, max_iters=3)\n')
    with pytest.raises(ValueError, match='found IterBasedTrainLoop; expected a FidelityTrainLoop'):
        train(config)


# ---- as a user sees it

@pytest.mark.slow
def test_the_last_line_of_a_tool_that_fails_is_the_one_error(run_tool, toy_configs, tmp_path):
    done = run_tool('train.py', toy_configs / 'lofi_toy.py', '--work-dir', tmp_path,
                    '--cfg-options', f'train_dataloader.dataset.data_prefix.video={tmp_path}')
    assert done.returncode == 1
    assert done.stderr.count('Traceback') == 1
    assert done.stderr.strip().splitlines()[-1].startswith(
        "FileNotFoundError: 6 of 6 video files of subset 'training' are missing, the first: ")


def test_a_config_that_is_not_there_or_misspelt_is_named(train):
    with pytest.raises(FileNotFoundError, match='none.py'):
        train('none.py')
    with pytest.raises(KeyError, match='GTADHed is not in the mmaction::model registry'):
        train('gtad_toy.py', 'model.head.type=GTADHed')
