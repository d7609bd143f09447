"""The authors' numbers of the one-stage heads: cases with weights and features made from names."""
from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn


def drawn(key: str) -> np.random.Generator:
    """The same numbers for the same name."""
    return np.random.default_rng(zlib.crc32(key.encode()))


def weight(seed: str, key: str, shape: tuple[int, ...]) -> Tensor:
    """What the reference has in the parameter `key`, by the first rule that fits."""
    w = drawn(f'{seed}:{key}').standard_normal(shape)
    if key.endswith(('cls_head.conv.bias', 'start_head.conv.bias', 'end_head.conv.bias')):
        w = 0.1 * w - 2
    elif key.endswith('offset_head.conv.bias'):
        w = 0.1 * w + 1
    elif key.endswith('.scale'):
        w = 0.1 * w + (0.5 if shape else 1)
    elif key.endswith('.rel_pe'):
        w = 0.3 * w
    elif key.endswith('.bias'):
        w = 0.1 * w
    elif len(shape) == 1 or (len(shape) == 3 and shape[0] == shape[2] == 1):
        w = 0.1 * w + 1
    else:
        w = w * np.sqrt(2 / np.prod(shape[1:]))
    return torch.from_numpy(np.asarray(w, np.float32))


@dataclass
class Case:
    """One case of a method, `facts` of its json and `values` of its npz."""

    facts: dict
    values: dict

    @property
    def config(self) -> dict:
        return self.facts['config']

    def fill(self, head: nn.Module) -> nn.Module:
        """The head in evaluation, with the weights of the reference."""
        head.load_state_dict({
            key: weight(self.facts['seed'], key, tuple(one['shape']))
            for key, one in self.facts['parameters'].items()})
        return head.eval()

    def features(self, video: str) -> Tensor:
        """(1, C, L), resized where the program resizes."""
        channels = self.config['dataset']['input_dim']
        shape = self.facts['videos'][video]['snippets'], int(np.sum(channels))
        drawn_ = drawn(f'{self.facts["seed"]}:features:{video}').standard_normal(shape)
        features = torch.from_numpy(drawn_.astype(np.float32)).T[None].contiguous()
        if self.config['dataset']['force_upsampling']:
            features = nn.functional.interpolate(
                features, self.config['model']['max_seq_len'], mode='linear', align_corners=False)
        return features

    def batch(self, videos: list[str], dtype: torch.dtype = torch.float32, actions: bool = True
              ) -> tuple[Tensor, list[ActionDataSample]]:
        """Features (N, C, L) of videos of different lengths, and what is annotated in them."""
        features = [self.features(video)[0] for video in videos]
        L = max(x.size(1) for x in features)
        samples = []
        for video, x in zip(videos, features):
            grid = torch.from_numpy(self.values[f'train_{video}_segments']).double()
            labels = torch.from_numpy(self.values[f'train_{video}_labels']).long()
            sample = ActionDataSample(metainfo=dict(num_valid=x.size(1), video_name=video))
            sample.gt_instances = InstanceData(segments=(grid + 0.5)[:None if actions else 0] / L,
                                               labels=labels[:None if actions else 0])
            samples.append(sample)
        padded = [nn.functional.pad(x, (0, L - x.size(1))) for x in features]
        return torch.stack(padded).to(dtype), samples

    def loss_weight(self) -> float:
        return self.config['train_cfg']['loss_weight']


def without_chance(head: nn.Module) -> nn.Module:
    """The head in training, with nothing random: no dropout, no block left out."""
    for module in head.train().modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, 'probability'):
            module.probability = 0.0
    return head


@pytest.fixture(scope='session')
def one_stage_case(reference_data):
    """Reads a case of 'actionformer' or 'tridet'."""
    def read(method: str, name: str) -> Case:
        path = Path(reference_data, 'reference', 'one_stage', method, name)
        with np.load(path.with_suffix('.npz')) as values:
            return Case(json.loads(path.with_suffix('.json').read_text()), dict(values))
    return read


@pytest.fixture(scope='session')
def certain():
    """`without_chance`, for tests."""
    return without_chance
