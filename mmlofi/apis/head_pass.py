"""From a video's features to its segments, as a test of the head goes: whole, or in windows.

Shape legend: P snippets of the video, L of them or of a window for the head, C channels.
"""
from __future__ import annotations

from collections.abc import Mapping

import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose
from mmengine.structures import InstanceData
from torch import Tensor

from mmlofi.datasets.transforms import AppendFeatures, LoadSnippetFeatures
from mmlofi.datasets.windows import SlidingWindows, cut_window, num_valid
from mmlofi.detections.curves import curves_of, join_curves
from mmlofi.detections.windows import detect_in_videos
from mmlofi.models import EndToEndLocalizer


class HeadPass:
    """Gives the head features as its `test_dataloader` does.

    Args:
        model: A localizer in evaluation mode.
        dataset: Of its `test_dataloader`.
        stored: Whether the head reads stored features, so that its pipeline has to make of the
            encoder's what it makes of them; else they come from the model's own encoder.
    """

    def __init__(self, model: EndToEndLocalizer, dataset: Mapping, *, stored: bool) -> None:
        pipeline = Compose(dataset['pipeline'])
        if any(isinstance(one, AppendFeatures) for one in pipeline.transforms):
            raise ValueError(
                'the head takes features of several encoders (AppendFeatures), and got those of '
                'one model; expected files of all: test it on them with tools/test.py')
        self.model = model
        self._stored_pipeline = pipeline if stored else None
        self._windows = None if dataset.get('window') is None else SlidingWindows.of_pipeline(
            dataset['window'], pipeline.transforms)

    @torch.no_grad()
    def __call__(self, info: dict, video: ActionDataSample, features: Tensor
                 ) -> ActionDataSample:
        """The video's sample with `pred_instances`, and `curves` where the head gives them.

        Args:
            info: What the dataset gives a pipeline.
            video: As the encoder's pipeline packs it.
            features: (C, P) of the encoder.
        """
        if self._windows is not None:
            return self._in_windows(info, video, features)
        if self._stored_pipeline is not None:
            video, features = self._as_stored(info, video, features)
        (video,) = self.model.localize(features[None], [video])
        video.curves = curves_of(video)
        return video

    def _in_windows(self, info: dict, video: ActionDataSample,
                    features: Tensor) -> ActionDataSample:
        """Features (C, P) cut into windows, and what was found in them joined."""
        P, results, curves = features.shape[1], [], []
        for first in self._windows.starts(P):
            if self._stored_pipeline is None:
                num_snippets = self._windows.num_snippets
                cut = cut_window(features, first, num_snippets)                      # (C, L)
                sample = ActionDataSample(metainfo=dict(
                    video.metainfo, num_snippets=num_snippets, first_snippet=first,
                    num_valid=num_valid(first, num_snippets, P, num_snippets),
                    window_norm=self._windows.norm(first, P)))
            else:
                sample, cut = self._as_stored(dict(info, first_snippet=first), video, features)
            (sample,) = self.model.localize(cut[None], [sample])
            results.append(sample.window_result.cpu())
            curves.append(curves_of(sample))
        ((segments_sec, scores, labels),) = detect_in_videos(results).values()
        video.pred_instances = InstanceData(
            segments_sec=segments_sec, scores=scores, labels=labels)
        video.curves = None if None in curves else join_curves(curves)
        return video

    def _as_stored(self, info: dict, video: ActionDataSample,
                   features: Tensor) -> tuple[ActionDataSample, Tensor]:
        """What the head's own pipeline makes of features (C, P): at its L, checked for its C."""
        results = dict(info, duration_sec=video.duration_sec)
        for transform in self._stored_pipeline.transforms:
            results = transform.place(results, features.cpu().numpy()) \
                if isinstance(transform, LoadSnippetFeatures) else transform(results)
        sample = results['data_samples']
        return sample, self.model.data_preprocessor(
            dict(inputs=[results['inputs']], data_samples=[sample]), False)['inputs'][0]
