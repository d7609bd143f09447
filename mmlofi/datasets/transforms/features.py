"""Loads a video's snippet features in place of its frames (stage 3).

Shape legend: L snippets asked for, P stored, C channels.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.features.feature_files import (
    FeatureFile,
    look_at_features,
    read_features,
    save_features,
)
from mmlofi.datasets.features.feature_header import check_header
from mmlofi.datasets.windows import cut_window, num_valid, window_norm
from mmlofi.fidelity import FULL
from mmlofi.options import require_number, require_whole

__all__ = ['LoadSnippetFeatures', 'save_features']


@TRANSFORMS.register_module()
class LoadSnippetFeatures(BaseTransform):
    """Reads the features that `tools/extract_features.py` wrote, or published ones.

    npz, npy, h5 and csv, (C, P) or (P, C), as `feature_files` tells. Features of another length
    than asked for are interpolated linearly over the whole video; with `num_snippets=None` they
    stay as they were stored, L = P of each video (`PadFeatures` makes them equally many). Where the
    dataset cuts windows they stay so too: `num_snippets` of them from `first_snippet` on, the last
    one repeated after the video's end, where it does not count among `num_valid`.

    Features lie evenly over the video, P equal parts of it, as ours do, or over the seconds that
    their file says (`covered_sec`). With `feature_stride`,
    feature i is of frames i · stride to i · stride + `feature_len`, and stands for the `stride`
    frames in the middle of these.

    Required Keys: filename, duration_sec, fidelity (optional), first_snippet (optional), fps
    (optional)

    Added Keys: features ((C, L) float32), num_clips (L), window_norm, num_valid (in windows, where
    not all L are in the video), stored_duration_sec (of the video, as its file says, or None)

    Modified Keys: duration_sec (that of the decoded file, where the features have it)

    Args:
        num_snippets: L at full fidelity, of a video or of a window; None takes all of a video.
        feat_dim: C that the head expects, checked; None takes any (`UntrimmedVideoDataset` then
            sees that all files have the same).
        layout: 'CL', or 'LC' for features stored the other way round. None: the side of length
            `feat_dim` is C; 'CL' without a `feat_dim`, and for our own.
        expected: What a file's header must say, if it has one, such as ``dict(side=224)``, beside
            the `num_snippets` of above where there are no windows; see `feature_header`.
        feature_stride: Frames from one feature to the next.
        feature_len: Frames that a feature is of; by default `feature_stride`.
        fps: Frames a second of the videos that features were made of, for `feature_stride`. None:
            each video's "fps" in the annotations.
        backend_args: An MMEngine file backend; None reads from disk, and of it what is needed.
    """

    def __init__(self, *, num_snippets: int | None = 100, feat_dim: int | None = None,
                 layout: str | None = None, expected: dict | None = None,
                 feature_stride: float | None = None, feature_len: float | None = None,
                 fps: float | None = None, backend_args: dict | None = None) -> None:
        if layout not in ('CL', 'LC', None):
            raise ValueError(f"LoadSnippetFeatures got layout={layout!r}; expected 'CL', 'LC' or "
                             'None')
        require_whole('LoadSnippetFeatures', **{name: value for name, value in (
            ('num_snippets', num_snippets), ('feat_dim', feat_dim)) if value is not None})
        given = {name: value for name, value in (
            ('feature_stride', feature_stride), ('fps', fps), ('feature_len', feature_len))
            if value is not None}
        if given and feature_stride is None or 0 in given.values():
            raise ValueError(f'LoadSnippetFeatures got feature_stride={feature_stride!r}, '
                             f'fps={fps!r} and feature_len={feature_len!r}; expected the first, '
                             'and the others where they are known, above 0, or none: frames from '
                             'one feature to the next, how many there are in a second, and of how '
                             'many a feature is')
        require_number('LoadSnippetFeatures', above=0, **given)
        self.num_snippets = num_snippets
        self.feat_dim = feat_dim
        self.layout = layout
        self.expected = dict(expected or {})
        self.backend_args = backend_args
        self.feature_stride, self.fps = feature_stride, fps
        self.feature_len = feature_stride if feature_len is None else feature_len

    def transform(self, results: dict) -> dict:
        """Adds the features.

        Raises:
            FileNotFoundError: When the video has no feature file.
            ImportError: For features in an h5 file without h5py.
            ValueError: When the file cannot be read, or the array has not the expected shape or
                numbers that are not finite.
        """
        filename = results['filename']
        features, stored = read_features(filename, self.backend_args)
        _check_axes(stored.shape, filename)
        if self._is_turned(stored, filename):
            features = features.T
        features = _numbers(features, f'{filename!r} holds', 'delete it and extract it again')
        results['duration_sec'] = self._duration(stored, features.shape[-1], results)
        results['stored_duration_sec'] = stored.duration_sec
        return self._place(results, features, stored.covered_sec)

    def place(self, results: dict, features: np.ndarray, covered_sec: float | None = None) -> dict:
        """Adds (C, P) features that our encoder just made, and in no file, as `transform` would.

        Args:
            covered_sec: That they stand for, from the video's start on; None is all of it.

        Raises:
            ValueError: As `transform`, and where the head knows features a stride apart.
        """
        if self.feature_stride is not None:
            raise ValueError(
                f'the head takes features every {self.feature_stride} frames of another encoder '
                '(LoadSnippetFeatures has a feature_stride), and got those of a model here; '
                'expected the files that it was trained on: test it on them with tools/test.py')
        what = f'the encoder made of {results["filename"]!r}'
        return self._place(results, _numbers(features, what, 'the encoder has diverged, give a '
                                                             'checkpoint from before'),
                           covered_sec)

    def _place(self, results: dict, features: np.ndarray, covered_sec: float | None) -> dict:
        filename = results['filename']
        self._check_channels(features.shape, filename)
        features = torch.from_numpy(features)                                             # (C, P)
        P, first = features.shape[1], results.get('first_snippet')
        L = results.get('fidelity', FULL).reduce_snippets(self.num_snippets or P)
        window = self._norm(0 if first is None else first,
                            P if first is None else self.num_snippets, P, results, covered_sec)
        if first is not None:
            features = cut_window(features, first, self.num_snippets)
            results['num_valid'] = num_valid(first, self.num_snippets, P, L)
        if features.shape[1] != L:
            features = F.interpolate(features[None], size=L, mode='linear', align_corners=False)[0]
        results.update(features=features, num_clips=L, window_norm=window)
        return results

    def grid(self, results: dict) -> tuple[int, float | None, float]:
        """P, the seconds that P features stand for, where something says it, and those before.

        Raises:
            FileNotFoundError, ImportError, ValueError: As `transform`.
        """
        stored = self._look_at(results['filename'], results.get('stored'))
        P = stored.shape[1]
        if self.feature_stride is not None:
            fps = self._frame_rate(results)
            return P, P * self.feature_stride / fps, self._margin() / fps
        return P, stored.covered_sec or self._duration(stored, P, results), 0.0

    def check_file(self, filename: str, *, windows: bool = False,
                   stored: FeatureFile | None = None) -> FeatureFile:
        """What a file says, its shape as (C, P); the dataset asks at construction.

        Args:
            windows: Whether the dataset cuts windows of it.
            stored: What it says, if that is known; else it is opened.

        Raises:
            FileNotFoundError, ImportError, ValueError: As `transform` would, as far as the file's
                header tells, and when the header is not what is expected.
        """
        stored = self._look_at(filename, stored)
        if stored.header is not None:
            self._check_header(stored.header, filename, windows)
        return stored

    def check_values(self, filename: str) -> None:
        """Reads a file whole, which `check_file` does not.

        Raises:
            FileNotFoundError, ImportError, ValueError: As `transform`.
        """
        self.transform(dict(filename=filename, duration_sec=1.0, fps=1.0))

    def _look_at(self, filename: str, stored: FeatureFile | None) -> FeatureFile:
        if stored is None:
            stored = look_at_features(filename, self.backend_args)
        _check_axes(stored.shape, filename)
        if self._is_turned(stored, filename):
            stored = stored._replace(shape=stored.shape[::-1])
        self._check_channels(stored.shape, filename)
        return stored

    def _is_turned(self, stored: FeatureFile, filename: str) -> bool:
        """Whether the array is (P, C)."""
        if stored.header is not None or self.layout is not None:
            return stored.header is None and self.layout == 'LC'
        if self.feat_dim not in stored.shape:
            return False   # `_check_channels` says what is wrong, if anything is
        if stored.shape[0] == stored.shape[1]:
            raise ValueError(f'{filename!r} holds features of shape {stored.shape}, of which '
                             "either side may be the channels; expected to be told: set layout='CL'"
                             " for (channels, snippets), or 'LC'")
        return stored.shape[1] == self.feat_dim

    def _check_channels(self, shape: tuple[int, ...], filename: str) -> None:
        if 0 in shape or self.feat_dim not in (None, shape[0]):
            raise ValueError(
                f'{filename!r} holds features of shape {tuple(shape)} (channels, snippets); '
                f'expected {self.feat_dim or "any number of"} channels and a snippet or more: set '
                "the head's in_channels and `feat_dim` to those of the encoder, or `layout`")

    def _check_header(self, header: dict, filename: str, windows: bool) -> None:
        if not windows:
            given = {} if self.num_snippets is None else dict(num_snippets=self.num_snippets)
            check_header(header, given | self.expected, filename)
            return
        if header.get('snippet_interval') is None and 'snippet_interval' not in self.expected:
            raise ValueError(
                f'{filename!r} was extracted with num_snippets={header.get("num_snippets")!r} of '
                'the whole video, however long; expected snippets a fixed number of frames apart, '
                'to cut windows of them: extract it again with SampleSnippets(snippet_interval=…)')
        check_header(header, self.expected, filename)

    def _duration(self, stored: FeatureFile, P: int, results: dict) -> float | None:
        """The file's, else the annotation's, else where the last feature ends."""
        duration = results['duration_sec'] if stored.duration_sec is None else stored.duration_sec
        if duration is None and self.feature_stride is not None:
            return ((P - 1) * self.feature_stride + max(self.feature_stride, self.feature_len)
                    ) / self._frame_rate(results)
        return duration

    def _norm(self, first: int, count: int, P: int, results: dict, covered_sec: float | None
              ) -> tuple[float, float]:
        """The share of the video that `count` features from `first` on stand for."""
        if self.feature_stride is None:
            start, end = window_norm(first, count, P)
            covered = 1 if covered_sec is None else covered_sec / results['duration_sec']
            return start * covered, end * covered
        per_frame = 1 / (self._frame_rate(results) * results['duration_sec'])
        return ((first * self.feature_stride + self._margin()) * per_frame,
                ((first + count) * self.feature_stride + self._margin()) * per_frame)

    def _frame_rate(self, results: dict) -> float:
        fps = results.get('fps') if self.fps is None else self.fps
        if fps is None:
            raise ValueError(f'no frame rate is known of {results["filename"]!r}; expected one, '
                             'since feature_stride counts frames: give LoadSnippetFeatures the '
                             'fps of the videos, or add "fps" to the annotations')
        return fps

    def _margin(self) -> float:
        """Frames before those that the first feature stands for."""
        return (self.feature_len - self.feature_stride) / 2


def _check_axes(shape: tuple[int, ...], filename: str) -> None:
    if len(shape) == 2:
        return
    if len(shape) < 2:
        advice = 'extract one feature a snippet, since one of a whole video says nothing of when'
    elif sum(length > 1 for length in shape) <= 2:
        advice = 'drop the axes of length 1, by numpy.squeeze(array), and save it again'
    else:
        advice = 'take the mean over the others, such as crops or places, and save it again'
    raise ValueError(f'{filename!r} holds features of shape {tuple(shape)}; expected two axes, '
                     f'(channels, snippets) or (snippets, channels): {advice}')


def _numbers(features: np.ndarray, what: str, mend: str) -> np.ndarray:
    """In single precision, all of them finite."""
    with np.errstate(over='ignore'):   # infinite then
        features = np.ascontiguousarray(features, dtype=np.float32)
    wrong = features.size - int(np.isfinite(features).sum())
    if wrong:
        raise ValueError(f'{what} {wrong} features of {features.size} that are not finite; '
                         f'expected numbers: {mend}')
    return features
