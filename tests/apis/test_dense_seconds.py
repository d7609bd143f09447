"""A stretch of a video that a dense model finds is at the seconds where it is, on every way there.

A video of 60 s at 10 frames a second is white from 20 to 26.4 s; the backbone gives the brightness
of every two frames, and the head what is bright.
"""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from torch import nn

from mmlofi import Fidelity
from mmlofi.apis.head_pass import HeadPass
from mmlofi.datasets import SampleIndex, UntrimmedVideoDataset
from mmlofi.datasets.streaming import stream_snippets
from mmlofi.datasets.transforms import save_features
from mmlofi.detections.windows import detect_in_videos
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.streaming import as_stored, encode_videos
from mmlofi.models.heads.lengths import valid_mask

FPS, WHITE = 10, (20.0, 26.4)
LENGTHS = dict(long=600, short=290)      # frames; a window is of 512
WHOLE = dict(num_snippets=8, clip_len=8)
WINDOWS = dict(num_snippets=16, clip_len=8, frame_interval=4)   # 51.2 s
WINDOW = dict(stride=4)


@MODELS.register_module()
class Brightness(nn.Module):
    """Of every two frames of a clip: (B, 1, T / 2, h, w)."""

    def __init__(self):
        super().__init__()
        self.pool = nn.Conv3d(3, 1, (2, 4, 4), (2, 4, 4), bias=False)
        nn.init.constant_(self.pool.weight, 1 / (3 * 2 * 4 * 4))

    def forward(self, clips):
        return self.pool(clips)


@MODELS.register_module()
class BrightStretch(nn.Module):
    """Finds the positions brighter than half, the first to the last."""

    def predict(self, features, data_samples):
        mask, found = valid_mask(data_samples, features.shape[2]), []
        for bright in (features[:, 0] > 127) & mask:
            places, L = bright.nonzero().flatten(), len(bright)
            edges = [[places.min() / L, (places.max() + 1) / L]] if len(places) else []
            found.append(InstanceData(
                segments=torch.tensor(edges).reshape(-1, 2), scores=torch.ones(len(edges)),
                metainfo=dict(start=bright.float(), end=bright.float())))
        return found


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder, database = tmp_path_factory.mktemp('bright'), {}
    for name, length in LENGTHS.items():
        writer = cv2.VideoWriter(str(folder / f'{name}.mp4'), cv2.VideoWriter_fourcc(*'mp4v'),
                                 FPS, (32, 32))
        for frame in range(length):
            bright = WHITE[0] <= (frame + 0.5) / FPS < WHITE[1]
            writer.write(np.full((32, 32, 3), 255 * bright, np.uint8))
        writer.release()
        database[name] = dict(subset='all', duration=length / FPS,
                              annotations=[dict(segment=list(WHITE), label='white')])
    (folder / 'gt.json').write_text(json.dumps(dict(database=database)))
    return folder


def videos(folder, sampling, *, test_mode=True, window=None, features=None, **more):
    load = [dict(type='OpenVideo'), dict(type='SampleSnippets', placement='contiguous',
                                         **sampling, **more),
            dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW')] \
        if features is None else [dict(type='LoadSnippetFeatures', **sampling)]
    return UntrimmedVideoDataset(
        str(folder / 'gt.json'), subset='all', test_mode=test_mode, window=window,
        data_prefix=dict(video=str(folder)) if features is None else dict(feature=str(features)),
        pipeline=[*load, dict(type='PackTALInputs')])


def localizer(resample=2.0):
    return EndToEndLocalizer(
        backbone=dict(type='Brightness'), encoder=dict(dense=True, resample=resample),
        head=dict(type='BrightStretch'), nms=dict(top_k=5)).eval()


def on_features():
    return EndToEndLocalizer(head=dict(type='BrightStretch'), nms=dict(top_k=5)).eval()


def run(model, samples):
    """What testing finds, by the video's name."""
    found = [model.test_step(pseudo_collate([sample]))[0] for sample in samples]
    if found[0].first_snippet is None:
        return {one.video_name: one.pred_instances.segments_sec for one in found}
    joined = detect_in_videos(one.window_result for one in found)
    return {name: torch.from_numpy(segments) for name, (segments, _, _) in joined.items()}


def assert_white(found, within_sec):
    assert set(found) == set(LENGTHS)
    for segments in found.values():
        torch.testing.assert_close(
            segments.double(), torch.tensor([WHITE] * len(segments), dtype=torch.float64),
            rtol=0, atol=within_sec)
        assert len(segments)


def steps_of(model, dataset, **more):
    """Each video's info, sample and steps, as they are streamed three clips at a time."""
    for number in range(len(LENGTHS)):
        info = dataset.sample_info(number, **more)
        chunks = stream_snippets(dataset.pipeline.transforms, info, 3)
        yield info, *next(encode_videos(model, chunks))


def test_over_the_whole_video(folder):
    """60 s in 64 frames, 64 positions: each is of 0.94 s."""
    assert_white(run(localizer(), videos(folder, WHOLE)), 0.95)


@pytest.mark.parametrize('resample', [1, 2, 0.5])
def test_in_windows(folder, resample):
    """A frame every 0.4 s, a step every 0.8 s."""
    found = run(localizer(resample), videos(folder, WINDOWS, window=WINDOW))
    assert_white(found, max(0.8 / resample, 0.8))


@pytest.mark.parametrize('temporal', [1, 2, 4])
def test_the_truth_of_a_training_sample_lies_where_the_head_finds_it(folder, temporal):
    fidelity = Fidelity('T', temporal=temporal)
    for settings in (dict(window=WINDOW), dict(truncation=dict(trunc_thresh=0.75))):
        dataset = videos(folder, WINDOWS, test_mode=False, **settings)
        for number in range(len(dataset)):
            sample = dataset[SampleIndex(number, fidelity, seed=number)]
            data = localizer().data_preprocessor(pseudo_collate([sample]))
            features = localizer().extract_feat(data['inputs'])
            assert features.shape[2] == 128 / temporal
            truth = sample['data_samples'].gt_instances.segments
            (found,) = BrightStretch().predict(features, [sample['data_samples']])
            torch.testing.assert_close(found.segments, truth, rtol=0,
                                       atol=temporal / 64 + 1e-3)


def test_what_follows_a_short_video_does_not_count_at_the_heads_positions(folder):
    sample = videos(folder, WINDOWS, window=WINDOW)[2]
    assert sample['data_samples'].video_name == 'short'
    for resample, valid in ((2, 73), (1, 36), (0.5, 18)):     # 73 frames of 128, 36.5 steps of 64
        (found,) = localizer(resample).test_step(pseudo_collate([sample]))
        assert found.num_valid == valid


@pytest.mark.parametrize('resample', [1, 2])
def test_streamed_in_chunks_as_in_testing(folder, resample):
    model = localizer(resample)
    for sampling, window in ((WHOLE, None), (WINDOWS, WINDOW)):
        dataset = videos(folder, sampling, window=window)
        head = HeadPass(model, dict(pipeline=[dict(type='SampleSnippets', placement='contiguous',
                                                   **sampling)], window=window))
        expected = run(model, dataset)
        streamed = videos(folder, sampling)
        for info, sample, steps in steps_of(model, streamed, min_snippets=head.min_snippets):
            video = head(info, sample, steps)
            torch.testing.assert_close(video.pred_instances.segments_sec,
                                       expected[video.video_name])
            begin, end = video.curves.window_norm
            length = LENGTHS[video.video_name]
            middles = (begin + (np.arange(len(video.curves.start)) + 0.5)
                       / len(video.curves.start) * (end - begin)) * length / FPS
            bright = middles[video.curves.start > 0.5]
            assert abs(bright.min() - WHITE[0]) < 2      # a step of the whole video is 1.9 s
            assert abs(bright.max() - WHITE[1]) < 2


@pytest.mark.parametrize('resample', [1, 2])
def test_from_stored_features_of_whole_videos(folder, tmp_path, resample):
    model = localizer(resample)
    for info, sample, steps in steps_of(model, videos(folder, WINDOWS)):
        features, covered_sec = as_stored(model, sample, steps)
        length = LENGTHS[info['video_name']]
        assert abs(covered_sec - length / FPS) <= 0.8 / 2
        assert abs(features.shape[1] - length / 8 * resample) <= 0.5
        header = dict(snippet_interval=8 / resample)
        save_features(tmp_path / f'{info["video_name"]}.npz', features.numpy(), length / FPS,
                      header, covered_sec)
    whole = videos(folder, dict(num_snippets=None), features=tmp_path)
    assert_white(run(on_features(), whole), 0.8)
    in_windows = dict(num_snippets=110)
    found = run(on_features(), videos(folder, in_windows, features=tmp_path,
                                      window=dict(stride=40)))
    assert_white(found, 0.8)
    head = HeadPass(on_features(), dict(
        pipeline=[dict(type='LoadSnippetFeatures', **in_windows), dict(type='PackTALInputs')],
        window=dict(stride=40)), encoder=model)
    for info, sample, steps in steps_of(model, videos(folder, WINDOWS)):
        video = head(info, sample, steps)
        torch.testing.assert_close(video.pred_instances.segments_sec, found[video.video_name])
