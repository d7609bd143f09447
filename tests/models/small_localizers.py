"""Localizers of frames and of features, small, and what they are given."""
from __future__ import annotations

import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models import EndToEndLocalizer

TSM = dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False, num_segments=2,
           shift_div=8)
PREPROCESSOR = dict(type='ActionDataPreprocessor', mean=[120.0, 110.0, 100.0],
                    std=[60.0, 50.0, 40.0], format_shape='NCTHW')


def samples(count=2, *, duration_sec=10.0, **metainfo):
    videos = [ActionDataSample(metainfo=dict(video_name=f'v{number}', duration_sec=duration_sec,
                                             **metainfo)) for number in range(count)]
    for video in videos:
        video.gt_instances = InstanceData(segments=torch.tensor([[0.25, 0.75]]),
                                          labels=torch.tensor([1]))
    return videos


def from_features(**settings):
    torch.manual_seed(0)
    settings.setdefault('head', dict(type='GTADHead', in_channels=8))
    return EndToEndLocalizer(**settings)


def from_frames(**settings):
    torch.manual_seed(0)
    return EndToEndLocalizer(backbone=TSM, head=dict(type='GTADHead', in_channels=512),
                             data_preprocessor=PREPROCESSOR, **settings)


def frame_batch(count=2, snippets=4, side=32):
    frames = [torch.randint(256, (snippets, 3, 2, side, side), dtype=torch.uint8)
              for _ in range(count)]
    return dict(inputs=frames, data_samples=samples(count))
