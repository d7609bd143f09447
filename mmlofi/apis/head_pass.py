"""From a video's features to its segments, as a test of the head goes: whole, or in windows.

Shape legend: P snippets of the video, L of them or of a window for the head, C channels, S steps in
time of a snippet (1 unless the encoder is `dense`).
"""
from __future__ import annotations

from collections.abc import Mapping

import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose
from torch import Tensor

from mmlofi.datasets.transforms import AppendFeatures, LoadSnippetFeatures
from mmlofi.datasets.windows import SlidingWindows, cut_window
from mmlofi.detections.curves import curves_of, join_curves
from mmlofi.detections.windows import detect_in_videos
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.arrays import to_instances
from mmlofi.models.encoders.streaming import as_stored


class HeadPass:
    """Gives the head features as its `test_dataloader` does.

    Args:
        model: A localizer in evaluation mode.
        dataset: Of its `test_dataloader`.
        encoder: Where the head reads stored features, whose they are: its pipeline has to make of
            the encoder's what it makes of stored ones. None: the model's own encoder makes them.
    """

    def __init__(self, model: EndToEndLocalizer, dataset: Mapping, *,
                 encoder: EndToEndLocalizer | None = None) -> None:
        pipeline = Compose(dataset['pipeline'])
        if any(isinstance(one, AppendFeatures) for one in pipeline.transforms):
            raise ValueError(
                'the head takes features of several encoders (AppendFeatures), and got those of '
                'one model; expected files of all: test it on them with tools/test.py')
        self.model = model
        self._encoder, self._pipeline = encoder, pipeline
        self._windows = None if dataset.get('window') is None else SlidingWindows.of_pipeline(
            dataset['window'], pipeline.transforms)

    @property
    def min_snippets(self) -> int:
        """Snippets that a video has to be filled up to before it is encoded: those of a window
        where what follows the video is not its last snippet again, or changes it; else 0."""
        if self._windows is None or self._encoder is not None:
            return 0
        still = any(getattr(one, 'placement', None) == 'contiguous'
                    for one in self._pipeline.transforms)
        return self._windows.num_snippets if still or self.model.encoder.mixes_snippets else 0

    @property
    def windows_of_frames(self) -> SlidingWindows | None:
        """Windows that have to be encoded one by one, where the encoder mixes their snippets."""
        return self._windows if self._encoder is None and self.model.backbone is not None \
            and self.model.encoder.mixes_snippets else None

    @torch.no_grad()
    def __call__(self, info: dict, video: ActionDataSample, features: Tensor
                 ) -> ActionDataSample:
        """The video's sample with `pred_instances`, and `curves` where the head gives them.

        Args:
            info: What the dataset gives a pipeline.
            video: As the encoder's pipeline packs it.
            features: (C, P · S) of the encoder, as `encode_videos` gives them; with
                `windows_of_frames` (K, C, L · S), as `encode_windows` does.
        """
        covered_sec = None
        if self._encoder is not None:
            features, covered_sec = as_stored(self._encoder, video, features)
        if self._windows is not None:
            return self._in_windows(info, video, features, covered_sec)
        if self._encoder is None:
            features = self.model.encoder.to_head(features[None])[0]
        else:
            video, features = self._load(info, video, features, covered_sec)
        (video,) = self.model.localize(features[None], [video])
        video.curves = curves_of(video)
        return video

    def _in_windows(self, info: dict, video: ActionDataSample, features: Tensor,
                    covered_sec: float | None) -> ActionDataSample:
        """Features cut into windows, and what was found in them joined."""
        P = video.num_snippets if self._encoder is None else features.shape[1]
        results, curves = [], []
        for k, first in enumerate(self._windows.starts(P)):
            if self._encoder is None:
                sample, cut = self._cut(video, features, first, k)
            else:
                sample, cut = self._load(dict(info, first_snippet=first), video, features,
                                         covered_sec)
            (sample,) = self.model.localize(cut[None], [sample])
            results.append(sample.window_result)
            curves.append(curves_of(sample))
        (found,) = detect_in_videos(results).values()
        video.pred_instances = to_instances(found, features.device)
        video.curves = None if None in curves else join_curves(curves)
        return video

    def _cut(self, video: ActionDataSample, steps: Tensor, first: int, k: int
             ) -> tuple[ActionDataSample, Tensor]:
        """Window k of a video's steps (C, P · S) or (K, C, L · S), which starts at snippet `first`,
        as its dataset would have given it to the encoder."""
        P, L = video.num_snippets, self._windows.num_snippets
        S = steps.shape[-1] // (P if steps.ndim == 2 else L)
        window = steps[k] if steps.ndim == 3 else cut_window(steps, first * S, L * S)
        features = self.model.encoder.to_head(window[None])[0]
        begin, end = video.get('window_norm', (0.0, 1.0))
        share = ((video.get('valid_share') or 1) * P - first) / L
        return ActionDataSample(metainfo=dict(
            video.metainfo, num_snippets=L, first_snippet=first, num_valid=None,
            valid_share=None if share >= 1 else share,
            window_norm=tuple(begin + (end - begin) * norm
                              for norm in self._windows.norm(first, P)))), features

    def _load(self, info: dict, video: ActionDataSample, features: Tensor,
              covered_sec: float | None) -> tuple[ActionDataSample, Tensor]:
        """What the head's own pipeline makes of features (C, P): at its L, checked for its C."""
        results = dict(info, duration_sec=video.duration_sec)
        for transform in self._pipeline.transforms:
            results = transform.place(results, features.cpu().numpy(), covered_sec) \
                if isinstance(transform, LoadSnippetFeatures) else transform(results)
        sample = results['data_samples']
        return sample, self.model.data_preprocessor(
            dict(inputs=[results['inputs']], data_samples=[sample]), False)['inputs'][0]
