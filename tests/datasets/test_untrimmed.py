"""UntrimmedVideoDataset: samples at a fidelity, and bad annotations named at construction."""
from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest
import torch
from small_videos import FRAMES, VIDEOS, action, dataset, write_annotations

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex, label_checks
from mmlofi.datasets.transforms import save_features


def test_a_plain_index_gives_full_fidelity(folder, read_numbers):
    sample = dataset(folder)[0]
    assert sample['inputs'].shape == (8, 3, 2, 64, 80)                       # (L, 3, T, H, W)
    assert sample['data_samples'].fidelity == 'full'
    snippets = sample['inputs'].permute(0, 2, 3, 4, 1).flatten(0, 1).numpy()
    # cells of 12.5 frames, two frames one before and one after each centre
    assert read_numbers(snippets) == [int(centre + side) for centre in np.arange(6.25, 100, 12.5)
                                      for side in (-1, 1)]


def test_a_tagged_index_gives_that_fidelity(folder):
    videos = dataset(folder)
    sample = videos[SampleIndex(1, Fidelity('ST', temporal=2, spatial=2))]
    assert sample['inputs'].shape == (4, 3, 2, 32, 40)
    assert sample['data_samples'].fidelity == 'ST'
    assert sample['data_samples'].video_name == 'b'
    assert videos[1]['inputs'].shape == (8, 3, 2, 64, 80)


def test_the_ground_truth_is_a_share_of_the_video_and_labels_are_class_numbers(folder):
    videos = dataset(folder)
    assert videos.metainfo['classes'] == ('jump', 'run')   # of all subsets
    instances = videos[0]['data_samples'].gt_instances
    np.testing.assert_allclose(instances.segments, [[0.2, 0.5]], atol=1e-3)
    assert instances.labels.tolist() == [1]
    assert len(videos[1]['data_samples'].gt_instances.segments) == 0


def test_segments_of_no_length_take_no_part(folder):
    instances = dataset(folder, subset='validation')[0]['data_samples'].gt_instances
    assert instances.labels.tolist() == [0]


def test_features_need_no_video(folder):
    shutil.rmtree(folder / 'videos')
    sample = dataset(folder, 'feature', subset=['training', 'validation'])[2]
    assert sample['inputs'].shape == (4, 8)
    assert sample['data_samples'].video_name == 'c'


def test_classes_may_be_given_in_another_order(folder):
    videos = dataset(folder, metainfo=dict(classes=('run', 'jump', 'swim')))
    assert videos[0]['data_samples'].gt_instances.labels.tolist() == [0]


def test_reading_a_sample_changes_nothing_for_the_next_one(folder):
    videos = dataset(folder)
    before = pickle.dumps(videos.get_data_info(0))
    first, second = videos[0], videos[0]
    assert (first['inputs'] == second['inputs']).all()
    assert pickle.dumps(videos.get_data_info(0)) == before


def test_a_video_that_breaks_later_is_replaced_at_the_same_fidelity_and_named(folder):
    videos = dataset(folder)
    (folder / 'videos' / 'b.mp4').write_text('no video')
    sample = videos[SampleIndex(1, Fidelity('S', spatial=2), seed=3)]
    assert sample['inputs'].shape == (8, 3, 2, 32, 40)
    assert sample['data_samples'].video_name == 'a'
    assert sample['data_samples'].fidelity == 'S'
    ((name, reason),) = sample['data_samples'].replaced   # and not drawn again
    assert name == 'b'
    assert 'cannot be decoded' in reason
    assert videos[0]['data_samples'].replaced == []


def test_when_nothing_can_be_read_the_videos_that_were_tried_are_named(folder):
    videos = dataset(folder)
    for name in 'ab':
        (folder / 'videos' / f'{name}.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r"video '.' .*failed in the pipeline at fidelity 'full': "
                                         r"ValueError: .*decoded.*; so did, before it, \["):
        videos[1]


def test_in_testing_a_video_that_breaks_is_an_error_with_its_fidelity(folder):
    videos = dataset(folder, test_mode=True)
    (folder / 'videos' / 'b.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r"video 'b' .*failed in the pipeline at fidelity 'S': "
                                         'ValueError: .*cannot be decoded'):
        videos[SampleIndex(1, Fidelity('S', spatial=2))]


def test_features_that_break_later_are_replaced_and_named(folder):
    save_features(folder / 'features' / 'b.npz', np.full((4, 8), np.nan, np.float32), 10.0)
    (name, reason), *_ = dataset(folder, 'feature')[SampleIndex(1, seed=3)]['data_samples'].replaced
    assert name == 'b'
    assert 'holds 32 features of 32 that are not finite' in reason


def test_a_video_that_ends_before_its_segment_is_replaced_in_training_and_named(folder):
    write_annotations(folder, {'a': VIDEOS['a'], 'b': dict(VIDEOS['b'], duration=60,
                                                           annotations=[action(30, 40)])})
    sample = dataset(folder, check_files=False)[SampleIndex(1, seed=3)]
    (name, reason), *_ = sample['data_samples'].replaced
    assert name == 'b'
    assert "video 'b' lasts 10.00 s, where the annotations have 60.00 s; 1 segments" in reason


def test_in_testing_another_duration_is_warned_of_and_a_lost_segment_is_an_error(folder):
    write_annotations(folder, {'a': dict(VIDEOS['a'], duration=60),
                               'b': dict(VIDEOS['b'], duration=60, annotations=[action(30, 40)])})
    videos = dataset(folder, check_files=False, test_mode=True)
    with pytest.warns(UserWarning, match="'a' lasts 10.00 s, where the annotations have 60.00 s"):
        np.testing.assert_allclose(videos[0]['data_samples'].gt_instances.segments, [[0.2, 0.5]])
    with pytest.raises(ValueError, match="video 'b' .*failed in the pipeline.*start after its end"):
        videos[1]


def test_a_sample_is_a_function_of_its_index_and_leaves_the_random_state_alone(folder):
    pipeline = [FRAMES[0], dict(FRAMES[1], placement='jitter'), *FRAMES[2:]]
    videos = dataset(folder, pipeline=pipeline)
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    first, again, other = (videos[SampleIndex(0, seed=seed)]['inputs'] for seed in (1, 1, 2))
    assert np.random.rand() == expected
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_class_outside_the_metainfo_is_refused(folder):
    with pytest.raises(ValueError, match=r"labels actions as \['run'\] \(1 unknown classes in "
                                         "subset 'training'.*add them there"):
        dataset(folder, metainfo=dict(classes=('jump',)))


def test_class_names_may_be_a_text_file(folder):
    names = folder / 'names.txt'
    with pytest.raises(FileNotFoundError, match=r"no file of class names at '.*names\.txt'; "
                                                'expected the names, or a text file with one a '):
        dataset(folder, metainfo=dict(classes=str(names)))
    names.write_text('run\nswim\njump\n')
    assert list(dataset(folder, metainfo=dict(classes=str(names))).metainfo['classes']) == [
        'run', 'swim', 'jump']


@pytest.mark.parametrize('metainfo', [None, dict(classes=('run',))])
def test_a_file_without_any_action_is_refused_for_training(folder, metainfo):
    write_annotations(folder, {name: dict(VIDEOS[name], annotations=[]) for name in VIDEOS})
    with pytest.raises(ValueError, match=r'gt\.json labels no action in any of the 2 videos of .*; '
                                         'expected some to train on: set `ann_file`'):
        dataset(folder, metainfo=metainfo)
    assert len(dataset(folder, metainfo=metainfo, test_mode=True)) == 2


def test_a_subset_without_actions_is_tested_with_the_classes_of_the_others_and_not_trained_on(
        folder):
    write_annotations(folder, {'b': VIDEOS['b'], 'c': VIDEOS['c']})
    assert dataset(folder, test_mode=True).metainfo['classes'] == ('jump', 'run')
    with pytest.raises(ValueError, match="no action in any of the 1 videos of subset 'training'"):
        dataset(folder)


def test_segments_of_no_length_alone_are_nothing_to_train_on(folder):
    write_annotations(folder, dict(VIDEOS, a=dict(VIDEOS['a'], annotations=[
        dict(segment=[3, 3], label='run')])))
    with pytest.raises(ValueError, match='labels no action'):
        dataset(folder)


def test_classes_that_differ_by_case_alone_are_told_when_they_are_trained_on(folder, monkeypatch):
    said = []
    monkeypatch.setattr(label_checks, 'print_log', lambda message, **_: said.append(message))
    write_annotations(folder, dict(VIDEOS, d=dict(
        subset='testing', annotations=[dict(segment=[1, 2], label='Run')])))
    dataset(folder, test_mode=True, check_files=False)
    assert said == []
    dataset(folder, check_files=False)
    assert len(said) == 1
    assert "the classes ['Run', 'run'] differ by case or spaces alone" in said[0]


def test_bad_segments_of_another_subset_do_no_harm_and_give_their_classes(folder):
    write_annotations(folder, dict(VIDEOS, d=dict(
        subset='testing', annotations=[dict(segment=[8, 3], label='swim')])))
    videos = dataset(folder)
    assert videos.metainfo['classes'] == ('jump', 'run', 'swim')
    assert len(videos) == 2


def test_an_unknown_or_empty_subset_is_refused(folder):
    with pytest.raises(ValueError, match=r"no video of subset \['test'\]; it has \['training'"):
        dataset(folder, subset='test')
    write_annotations(folder, {})
    with pytest.raises(ValueError, match='holds no video'):
        dataset(folder)


@pytest.mark.parametrize(('segment', 'shown'), [([8, 3], r'\[8, 3\]'), ([12, 13], r'\[12, 13\]')])
def test_bad_segments_are_refused_with_the_video(folder, segment, shown):
    write_annotations(folder, {'a': dict(VIDEOS['a'], annotations=[
        dict(segment=segment, label='run')])})
    with pytest.raises(ValueError, match=f"1 faults: 'a': 'run' {shown}"):
        dataset(folder)


def test_malformed_annotations_are_refused(folder):
    (folder / 'gt.json').write_text('{"database": ')
    with pytest.raises(ValueError, match=r'gt\.json is not valid json'):
        dataset(folder)


@pytest.mark.parametrize('prefix', [{}, dict(audio='x'), dict(video='x', feature='y')])
def test_a_wrong_data_prefix_is_refused(folder, prefix):
    with pytest.raises(ValueError, match=r"data_prefix=.*expected dict\(video='folder'\), "):
        dataset(folder, data_prefix=prefix)


def test_other_file_names_are_found_by_their_template(folder, write_numbered_video):
    write_numbered_video(folder / 'videos' / 'clip_a.avi', 30)
    write_numbered_video(folder / 'videos' / 'clip_b.avi', 30)
    videos = dataset(folder, filename_tmpl='clip_{}.avi')
    with pytest.warns(UserWarning, match="'a' lasts 3.00 s"):   # and is annotated to last 10
        assert videos[0]['data_samples'].duration_sec == pytest.approx(3)
