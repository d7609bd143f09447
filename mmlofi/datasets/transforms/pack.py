"""Packs one video for the localizer.

Shape legend: L snippets, T frames a snippet, C channels, K actions.
"""
from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from mmengine.structures import InstanceData

from mmlofi.datasets.annotations import segments_after, tolerance_sec
from mmlofi.fidelity import FULL


@TRANSFORMS.register_module()
class PackTALInputs(BaseTransform):
    """Makes the model's input and the data sample with the ground truth, normalised to [0, 1].

    Frames stay uint8, (L, 3, T, H, W) as MMAction2's ``FormatShape(input_format='NCTHW')`` leaves
    them; features are (C, L). Segments are clipped to the part of the video that the snippets
    cover and given as shares of it; those that lie outside or have no length are dropped. But a
    video that ends long before one of its segments starts is refused, and where features do, or
    the annotated duration is another one, there is a warning.

    `num_valid` says how many of the L positions are the video's, where padding follows them, or
    repetitions of the last one; `valid_share` says it of snippets that give several positions, of
    which the localizer makes the `num_valid` of the head.

    Required Keys: imgs or features, video_name, duration_sec, num_clips, window_norm,
    segments_sec, gt_labels, annotated_duration_sec (optional), fidelity (optional), avg_fps
    (optional), replaced (optional), first_snippet (optional), num_valid (optional), valid_share
    (optional), placement (optional)

    Added Keys: inputs, data_samples (`gt_instances` with `segments` (K, 2) float32 and `labels`
    (K,); metainfo video_name, duration_sec, num_snippets (L), num_valid (None: all L),
    valid_share, placement, window_norm, first_snippet (None unless the dataset cuts windows),
    fidelity, replaced)

    Args:
        clip: Whether segments are clipped and dropped. False leaves them as they are, or as
            `RandomTruncation` has cut them, with shares below 0 and above 1: one-stage heads learn
            the distance to a start before the middle of the first feature as well.
    """

    def __init__(self, *, clip: bool = True) -> None:
        self.clip = clip

    def transform(self, results: dict) -> dict:
        """Returns only what the model needs.

        Raises:
            ValueError: When nothing says how long the video is, a segment starts after the decoded
                end by more than `tolerance_sec`, or segments and labels are no such numbers.
        """
        if results['duration_sec'] is None:
            raise ValueError(f'video {results["video_name"]!r} has no duration; expected one in '
                             'the annotations or the file: add "duration" to the annotations, or '
                             'extract features with tools/extract_features.py, which stores it')
        _refuse_no_numbers(results)
        _compare_with_annotations(results)
        if 'features' in results:
            inputs = results['features']
        else:
            inputs = torch.from_numpy(np.ascontiguousarray(results['imgs']))  # (L, 3, T, H, W)
        sample = ActionDataSample(metainfo=dict(
            video_name=results['video_name'], duration_sec=results['duration_sec'],
            num_snippets=results['num_clips'], num_valid=results.get('num_valid'),
            valid_share=results.get('valid_share'), placement=results.get('placement'),
            window_norm=results['window_norm'],
            first_snippet=results.get('first_snippet'),
            fidelity=results.get('fidelity', FULL).name, replaced=results.get('replaced', [])))
        sample.gt_instances = _instances_in_window(results, self.clip)
        return dict(inputs=inputs, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(clip={self.clip})'


def _refuse_no_numbers(results: dict) -> None:
    segments, labels = np.asarray(results['segments_sec']), np.asarray(results['gt_labels'])
    whole = labels.dtype.kind in 'iu' or not labels.size
    if not (0 < results['duration_sec'] < math.inf and np.isfinite(segments).all()
            and segments.size == 2 * labels.size and whole and (labels >= 0).all()):
        raise ValueError(f'video {results["video_name"]!r} of {results["duration_sec"]} s has the '
                         f'segments {segments.tolist()} with the labels {labels.tolist()}; '
                         'expected pairs of finite seconds, and for each a whole number from 0 on: '
                         'correct the annotations, or the dataset that read them')


def _compare_with_annotations(results: dict) -> None:
    name, duration = results['video_name'], results['duration_sec']
    annotated, margin = results.get('annotated_duration_sec'), tolerance_sec(duration)
    what = (f'video {name!r} lasts {duration:.2f} s, where the annotations have '
            + ('no duration' if annotated is None else f'{annotated:.2f} s'))
    mend = 'get the whole file, or correct the annotations'
    lost = segments_after(results['segments_sec'], duration)
    if 'features' not in results and segments_after(lost, duration + margin):
        raise ValueError(f'{what}; {_spelt(lost)} start after its end; expected all segments '
                         f'inside the video: {mend}, or drop the video from them')
    if lost:   # no further than annotators overshoot, or features, which have no file to get
        warnings.warn(f'{what}; {_spelt(lost)} start after its end and are left out; expected all '
                      f'segments inside the video: {mend}', stacklevel=2)
    elif annotated is not None and abs(annotated - duration) > margin:
        warnings.warn(f'{what}; expected the same within {margin:.2g} s: {mend}', stacklevel=2)


def _spelt(segments: list[tuple[float, float]]) -> str:
    shown = ', '.join(f'[{start:g}, {end:g}]' for start, end in segments[:3])
    return f'{len(segments)} segments ({shown}{", …" if len(segments) > 3 else ""})'


def _instances_in_window(results: dict, clip: bool) -> InstanceData:
    start, end = results['window_norm']
    segments = np.asarray(results['segments_sec'], dtype=np.float64).reshape(-1, 2)
    segments = segments / results['duration_sec']
    if clip:   # to the video, which may end before the window, and to the window
        segments = segments.clip(0, 1)
    segments = (segments - start) / (end - start)
    if clip:
        segments = segments.clip(0, 1)
    kept = segments[:, 1] > segments[:, 0]
    labels = np.asarray(results['gt_labels'], dtype=np.int64).reshape(-1)
    return InstanceData(segments=torch.from_numpy(segments[kept]).float(),
                        labels=torch.from_numpy(labels[kept]))
