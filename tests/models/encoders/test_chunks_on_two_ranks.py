"""Chunks and shares of the gradient under DDP: two gloo ranks, each with its own video."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData
from on_ranks import RANKS, on_two_ranks
from torch import Tensor

from mmlofi.models import EndToEndLocalizer

STEPS, SNIPPETS, SIDE = 2, 6, 32
MODEL = dict(
    head=dict(type='GTADHead', in_channels=512),
    backbone=dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False, num_segments=2,
                  shift_div=8),
    data_preprocessor=dict(type='ActionDataPreprocessor', format_shape='NCTHW', mean=[128.0] * 3,
                           std=[64.0] * 3))
ENCODERS = dict(first=None, plain={}, chunks=dict(chunk_size=2), share=dict(grad_ratio=0.5),
                both=dict(chunk_size=1, grad_ratio=0.5))


def build(encoder: dict) -> EndToEndLocalizer:
    torch.manual_seed(0)
    return EndToEndLocalizer(**MODEL, encoder=dict(encoder, norm='frozen')).train()


def flat(tensors) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def train_on_a_rank(rank: int, folder: Path) -> None:
    """Leaves the weights after two steps with each encoder, and those before them."""
    sample = ActionDataSample(metainfo=dict(video_name=f'{rank}', duration_sec=9.0))
    sample.gt_instances = InstanceData(segments=torch.tensor([[0.2, 0.6 + 0.2 * rank]]),
                                       labels=torch.tensor([0]))
    torch.manual_seed(rank)
    frames = torch.randint(256, (SNIPPETS, 3, 2, SIDE, SIDE), dtype=torch.uint8)
    weights = {}
    for name, encoder in ENCODERS.items():
        model = build(encoder or {})
        if encoder is not None:
            parallel = MMDistributedDataParallel(model)
            wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
            for step in range(STEPS):
                torch.manual_seed(RANKS * step + rank)   # the head and each share draw
                parallel.train_step(dict(inputs=[frames], data_samples=[sample]), wrapper)
        weights[name] = flat(model.parameters())
    torch.save(weights, folder / f'rank{rank}.pth')


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> list[dict[str, Tensor]]:
    """Of each rank, by encoder."""
    folder: Path = tmp_path_factory.mktemp('ranks')
    assert on_two_ranks(train_on_a_rank, folder, folder) == [None, None]
    return [torch.load(folder / f'rank{rank}.pth') for rank in range(RANKS)]


@pytest.mark.slow
@pytest.mark.parametrize('name', ENCODERS)
def test_ranks_end_with_the_same_weights(weights, name):
    assert torch.equal(weights[0][name], weights[1][name])


@pytest.mark.slow
def test_chunks_train_as_the_whole_video_does(weights):
    plain, chunks, first = (weights[0][name] for name in ('plain', 'chunks', 'first'))
    torch.testing.assert_close(chunks, plain, rtol=0, atol=1e-4)
    assert (plain - first).abs().max() > 1e-2   # far more than what they may differ by


@pytest.mark.slow
def test_a_share_trains_otherwise_and_its_chunks_as_the_share(weights):
    plain, share, both, first = (weights[0][name] for name in ('plain', 'share', 'both', 'first'))
    torch.testing.assert_close(both, share, rtol=0, atol=1e-4)
    assert (share - plain).abs().max() > 1e-3
    assert (share - first).abs().max() > 1e-2
