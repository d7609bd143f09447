"""UntrimmedVideoDataset: samples at a fidelity, and bad input named at construction."""
from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pytest
import torch

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex, UntrimmedVideoDataset
from mmlofi.datasets.transforms import save_features

FRAMES = [dict(type='OpenVideo', short_side=64),
          dict(type='SampleSnippets', num_snippets=8, clip_len=2, frame_interval=2),
          dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
          dict(type='PackTALInputs')]
FEATURES = [dict(type='LoadSnippetFeatures', num_snippets=8, feat_dim=4),
            dict(type='PackTALInputs')]
VIDEOS = {
    'a': dict(subset='training', duration=10, annotations=[dict(segment=[2, 5], label='run')]),
    'b': dict(subset='training', duration=10, annotations=[]),
    'c': dict(subset='validation', duration=10,
              annotations=[dict(segment=[0, 10], label='jump'), dict(segment=[3, 3], label='run')])}


@pytest.fixture
def folder(tmp_path, numbered_video):
    """An annotation file, its three videos and their features."""
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'features').mkdir()
    for name in VIDEOS:
        shutil.copy(numbered_video, tmp_path / 'videos' / f'{name}.mp4')
        save_features(tmp_path / 'features' / f'{name}.npz', np.ones((4, 8), np.float32), 10.0)
    write_annotations(tmp_path, VIDEOS)
    return tmp_path


def write_annotations(folder, videos):
    (folder / 'gt.json').write_text(json.dumps(dict(database=videos)))


def dataset(folder, source='video', *, subset='training', pipeline=None, **settings):
    settings.setdefault('data_prefix', {source: f'{source}s'})
    return UntrimmedVideoDataset(
        'gt.json', data_root=str(folder), subset=subset,
        pipeline=(FRAMES if source == 'video' else FEATURES) if pipeline is None else pipeline,
        **settings)


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


def test_a_missing_video_is_found_at_construction(folder):
    (folder / 'videos' / 'b.mp4').unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 2 video files of subset 'training' are "
                                                r'missing, the first: .*b\.mp4.*filename_tmpl'):
        dataset(folder)


def test_missing_features_are_found_at_construction(folder):
    (folder / 'features' / 'a.npz').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 feature files'):
        dataset(folder, 'feature')


def test_features_of_a_wrong_size_are_found_at_construction(folder):
    pipeline = [dict(FEATURES[0], feat_dim=512), FEATURES[1]]
    with pytest.raises(ValueError, match=r'shape \(4, 8\).*expected 512 channels'):
        dataset(folder, 'feature', pipeline=pipeline)


def test_an_unreadable_video_is_found_at_construction(folder):
    (folder / 'videos' / 'b.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r'1 of 2 videos .* no readable video stream.*b\.mp4'):
        dataset(folder)


def test_a_video_that_was_cut_off_is_found_though_its_header_is_whole(folder, reference_data):
    content = (reference_data / 'data' / 'videos' / 'demo.mp4').read_bytes()
    boxes = list(_boxes(content))
    order = [b'ftyp', b'moov', b'mdat']   # as most downloads have it: the header comes first
    whole = b''.join(box for kind in order for name, box in boxes if name == kind)
    path = folder / 'videos' / 'b.mp4'
    path.write_bytes(whole)
    dataset(folder)
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match='cut off'):
        dataset(folder)


def _boxes(content):
    start = 0
    while start < len(content):
        length = int.from_bytes(content[start:start + 4], 'big')
        yield content[start + 4:start + 8], content[start:start + length]
        start += length


def test_files_need_not_be_looked_for(folder):
    shutil.rmtree(folder / 'videos')
    assert len(dataset(folder, check_files=False)) == 2


def test_a_video_that_breaks_later_is_replaced_at_the_same_fidelity_and_named(folder):
    videos = dataset(folder)
    (folder / 'videos' / 'b.mp4').write_text('no video')
    sample = videos[SampleIndex(1, Fidelity('S', spatial=2), seed=3)]
    assert sample['inputs'].shape == (8, 3, 2, 32, 40)
    assert sample['data_samples'].video_name == 'a'
    assert sample['data_samples'].fidelity == 'S'
    ((name, reason), *again) = sample['data_samples'].replaced
    assert name == 'b'
    assert 'cannot be decoded' in reason
    assert {other for other, _ in again} <= {'b'}   # it may be drawn again
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
    with pytest.raises(ValueError, match=f"1 bad segments: a: 'run' {shown}"):
        dataset(folder)


def test_malformed_annotations_are_refused(folder):
    (folder / 'gt.json').write_text('{"database": ')
    with pytest.raises(ValueError, match=r'gt\.json is not valid json'):
        dataset(folder)


@pytest.mark.parametrize('prefix', [{}, dict(img='x'), dict(video='x', feature='y')])
def test_a_wrong_data_prefix_is_refused(folder, prefix):
    with pytest.raises(ValueError, match=r"data_prefix=.*expected dict\(video='folder'\) or"):
        dataset(folder, data_prefix=prefix)


def test_other_file_names_are_found_by_their_template(folder, write_numbered_video):
    write_numbered_video(folder / 'videos' / 'clip_a.avi', 30)
    write_numbered_video(folder / 'videos' / 'clip_b.avi', 30)
    videos = dataset(folder, filename_tmpl='clip_{}.avi')
    assert videos[0]['data_samples'].duration_sec == pytest.approx(3)
