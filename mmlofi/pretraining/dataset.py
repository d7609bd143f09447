"""Clips from inside and outside of actions, as a data set for MMAction2's recognizers.

Shape legend: K actions and B background segments of a video.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from mmaction.registry import DATASETS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.segments import SegmentDataset
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.pretraining.background import ACTION, MISSING_LABEL, NO_ACTION, background_segments
from mmlofi.pretraining.clips import ClipInSegment
from mmlofi.pretraining.gvf import VideoFeatures
from mmlofi.randomness import seeded


@DATASETS.register_module()
class TSPDataset(SegmentDataset):
    """Short clips of untrimmed videos, labelled by class and by region (TSP, section 3).

    Each segment of an action, and each gap between actions that is long enough, gives the clips
    that the pipeline's `ClipInSegment` says; segments shorter than a clip are left out. Item i is
    clip `i // segments` of segment `i % segments`. Clips of actions and of background are nearly
    as many without any balancing.

    Random numbers of a training sample come from the index's seed, if it has one (`SeededSampler`):
    a clip is a function of seed, epoch and item. In the authors' program each worker process has a
    copy of one generator, so that with W workers the same numbers come W times, and again in each
    epoch.

    Args:
        ann_file: Any that `UntrimmedVideoDataset` reads.
        background: ``dict(shortest_gap_sec=16 / 3)``, and `merge_overlaps`, of
            `background_segments`. None gives clips of actions alone, as for TAC, whose training
            samples have no region. Segments of `ignore_classes` are in no clip of background.
        gvf: ``dict(file='gvf.npz')``, and `feat_dim` and `expected`, of `VideoFeatures`: each
            sample has its video's, for a `TSPHead` with `gvf_channels`.
        kwargs: Of `SegmentDataset`.

    Raises:
        FileNotFoundError: For missing files.
        ValueError: For anything else that `SegmentDataset` refuses, other settings, a pipeline
            without `ClipInSegment`, videos without a feature in the GVF file, and a subset of which
            no segment is as long as a clip, or of training no background where it is asked for.
    """

    def __init__(self, ann_file: str, *, background: Mapping | None = None,
                 gvf: Mapping | None = None, **kwargs) -> None:
        self.background = settings_of('background', background, 'shortest_gap_sec=16 / 3',
                                      'merge_overlaps')
        self.video_features = global_features(gvf)
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a clip: filename, video_name, segment_sec, label, region_label, clip_place."""
        sampler = clip_sampler(self.pipeline.transforms)
        videos = self.load_videos().data_list
        if self.video_features is not None:
            self.video_features.require([video['video_name'] for video in videos])
        rows = [row for video in videos for row in self._rows(video)]
        kept = long_enough(rows, sampler)
        if not kept:
            raise ValueError(
                f'{self.ann_file}: none of the {len(rows)} segments of subset '
                f'{self._videos["subset"]!r} lasts {sampler.clip_sec:.3g} s, as a clip does; '
                'expected some: lower clip_len of ClipInSegment, or raise its fps')
        if self.background is not None and not self.test_mode:
            self._refuse_without_background(kept)
        return clip_items(kept, sampler, spread=self.test_mode)

    def prepare_data(self, idx: int) -> dict:
        """The clip after the pipeline, with random numbers by the index's seed."""
        info = self.get_data_info(idx)
        if self.video_features is not None:
            info['gvf'] = self.video_features[info['video_name']]
        if self.background is None and not self.test_mode:
            del info['region_label']    # of one region nobody can learn two: the head says so
        with seeded(getattr(idx, 'seed', None)):
            return self.pipeline(info)

    def _refuse_without_background(self, rows: Iterable[Mapping]) -> None:
        """The second head would learn that all is action."""
        if any(row['region_label'] == NO_ACTION for row in rows):
            return
        raise ValueError(
            f'{self.ann_file}: no gap between the actions of subset {self._videos["subset"]!r} '
            f'lasts {self.background["shortest_gap_sec"]:g} s, and as long as a clip; expected '
            'some, of which the head learns what is no action: lower shortest_gap_sec of '
            '`background`, or set background=None for TAC, with regions=False of its head')

    def _rows(self, video: Mapping) -> list[dict]:
        """A video's actions, and its background where that is asked for."""
        duration = video['duration_sec']
        if duration is None and self.background is not None:
            duration = _duration_of(video)
        segments, labels = video['segments_sec'], video['gt_labels']
        rows = [(segment, label, ACTION) for segment, label in zip(segments, labels)
                if segment[1] > segment[0]]
        if self.background is not None:
            gaps = background_segments(segments, duration, ignored_sec=video['ignored_sec'],
                                       **self.background)
            rows += [(gap, MISSING_LABEL, NO_ACTION) for gap in gaps]
        return [segment_row(segment, duration, filename=video['filename'], facts=video.get('facts'),
                            label=int(label), video_name=video['video_name'], region_label=region)
                for segment, label, region in rows]


def settings_of(name: str, given: Mapping | None, needed: str, *more: str) -> dict | None:
    """A setting that is a dict of settings, as a dict of its own.

    Args:
        needed: The one that has to be in it, with an example.
        more: Those that may be in it.

    Raises:
        ValueError: When it is anything else.
    """
    key = needed.partition('=')[0]
    if given is None:
        return None
    if not isinstance(given, Mapping) or key not in given or set(given) - {key, *more}:
        raise ValueError(f'TSPDataset got {name}={given!r}; expected dict({needed}), with '
                         f'{" and ".join(more)} where they are wanted, or None')
    return dict(given)


def global_features(gvf: Mapping | None) -> VideoFeatures | None:
    """The vectors of all videos that a data set's `gvf` asks for.

    Raises:
        FileNotFoundError, ImportError, ValueError: As `VideoFeatures`; also for other settings.
    """
    settings = settings_of('gvf', gvf, "file='gvf.npz'", 'feat_dim', 'expected')
    return None if settings is None else VideoFeatures(**settings)


def clip_sampler(transforms: Iterable[BaseTransform]) -> ClipInSegment:
    """The transform of a pipeline that chooses clips.

    Raises:
        ValueError: When there is none.
    """
    found = [one for one in transforms if isinstance(one, ClipInSegment)]
    if not found:
        raise ValueError('TSPDataset got a pipeline without ClipInSegment; expected it after '
                         'OpenVideo: dict(type="ClipInSegment", clip_len=16, fps=15)')
    return found[0]


def segment_row(segment: Iterable[float], duration_sec: float | None, **labels: object) -> dict:
    """One segment, cut to the video, which annotators overshoot."""
    start, end = map(float, segment)
    end = end if duration_sec is None else min(end, duration_sec)
    return dict(segment_sec=(max(start, 0.0), end), **labels)


def long_enough(rows: list[dict], sampler: ClipInSegment) -> list[dict]:
    """The segments from which a clip can be cut."""
    segments = np.array([row['segment_sec'] for row in rows], np.float64).reshape(-1, 2)
    return [row for row, fits in zip(rows, sampler.fit(segments)) if fits]


def clip_items(rows: list[dict], sampler: ClipInSegment, *, spread: bool) -> list[dict]:
    """The clips of all segments: one of each, then the next one of each.

    Args:
        spread: Whether they lie evenly over their segments, as in validation, and not at random.
    """
    return [dict(row, clip_place=float(place)) if spread else row
            for place in sampler.places() for row in rows]


def _duration_of(video: Mapping) -> float:
    """Of the file, where the annotations do not say it; the index of files may know it."""
    state = video.get('facts') or look_at_video(video['filename'])
    if state.duration_sec is None:
        raise ValueError(f'{video["video_name"]!r} has no duration in the annotations, and '
                         f'{state.problem}; expected one, to know what comes after the last '
                         'action: add "duration" to the annotations')
    return state.duration_sec
