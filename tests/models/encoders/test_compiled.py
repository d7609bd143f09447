"""torch.compile, as MMEngine's `compile` in a config applies it, changes no feature or gradient."""
from __future__ import annotations

import warnings

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from mmlofi.models import SnippetEncoder

pytestmark = pytest.mark.slow
SNIPPETS, FRAMES, SIDE = 6, 2, 32


@pytest.fixture
def graphs():
    """How many convolutions each graph has that was compiled; the graphs run as they are."""
    found: list[int] = []

    def backend(graph, inputs):
        modules = dict(graph.named_modules())
        found.append(sum(isinstance(modules.get(node.target), nn.Conv2d) or 'conv2d' in str(
            node.target) for node in graph.graph.nodes))
        return graph.forward
    torch.compiler.reset()
    yield backend, found
    torch.compiler.reset()


def step(forward, backbone: nn.Module, frames: torch.Tensor) -> list[torch.Tensor]:
    torch.manual_seed(3)     # a share is drawn
    backbone.zero_grad()
    features = forward(backbone, frames)
    features.square().sum().backward()
    return [features.detach(), *(weight.grad.clone() for weight in backbone.parameters())]


@pytest.mark.parametrize(('settings', 'compiled'), [
    ({}, 1), (dict(chunk_size=2), 1), (dict(chunk_size=2, grad_ratio=1 / 3), 2)])
def test_a_compiled_encoder_gives_the_same_in_chunks_too(graphs, settings, compiled):
    torch.manual_seed(0)
    backend, convolutions = graphs
    backbone = MODELS.build(dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False,
                                 num_segments=FRAMES, shift_div=8, norm_eval=True))
    backbone.train()
    encoder = SnippetEncoder(**settings)
    frames = torch.randn(1, SNIPPETS, 3, FRAMES, SIDE, SIDE)
    expected = step(encoder.forward, backbone, frames)
    forward = torch.compile(encoder.forward, backend=backend)
    for _ in range(2):       # the second time nothing is compiled any more
        torch.testing.assert_close(step(forward, backbone, frames), expected)
        # The chunk that keeps its activations, and those without a gradient.
        assert [number for number in convolutions if number > 10] == [20] * compiled


@pytest.mark.parametrize('name', ['GTADHead', 'BMNHead'])
def test_the_anchors_of_a_compiled_head_are_made_once(graphs, name):
    head = MODELS.build(dict(type=name, in_channels=8))
    features = torch.randn(1, 8, 7)
    expected = head(features)
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='.*lru_cache')     # says that a cache is ignored
        compiled = torch.compile(head.forward, backend=graphs[0])(features)
    torch.testing.assert_close(compiled, expected)
