"""A Runner's `compile` compiles a step once for each fidelity, and not for each sample."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from torch import nn

SIZES = dict(S=(4, 16), T=(2, 32))   # snippets and side


@MODELS.register_module()
class OneConvolution(nn.Module):
    """The smallest backbone for frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def init_weights(self) -> None:
        """As it is."""

    def forward(self, frames):
        return self.conv(frames)


@MODELS.register_module()
class MeanHead(nn.Module):
    """The smallest head: its loss is the mean of the features."""

    def loss(self, features, data_samples):
        return dict(loss=features.square().mean())


def batch(step: int, name: str) -> dict:
    snippets, side = SIZES[name]
    # Strings of their own, as those that come from a worker are.
    sample = ActionDataSample(metainfo=dict(
        video_name=f'v{step}', duration_sec=10.0 + step, num_valid=snippets, valid_share=None,
        fidelity=''.join(list(name)), replaced=[]))
    return dict(inputs=[torch.zeros(snippets, 3, 2, side, side, dtype=torch.uint8)],
                data_samples=[sample])


@pytest.fixture
def graphs():
    """What is compiled, which then runs as it is."""
    found = []

    def backend(graph, inputs):
        found.append(graph)
        return graph.forward
    torch.compiler.reset()
    yield backend, found
    torch.compiler.reset()


def test_a_compiled_step_is_compiled_once_for_each_fidelity(graphs):
    backend, found = graphs
    model = MODELS.build(dict(
        type='EndToEndLocalizer', backbone=dict(type='OneConvolution'),
        encoder=dict(input_format='2d'), head=dict(type='MeanHead')))
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    step = torch.compile(model.train_step, backend=backend)   # as MMEngine's Runner does
    counts = []
    for number, name in enumerate(['S', 'T', 'S', 'T', 'S', 'T']):
        step(batch(number, name), optimizer)
        counts.append(len(found))
    assert 0 < counts[0] < counts[1]
    assert counts[2:] == [counts[1]] * 4
    assert any('conv' in str(node.target) for graph in found for node in graph.graph.nodes)
