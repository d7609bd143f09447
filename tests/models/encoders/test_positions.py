"""Transformers at sides that they were not built for."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, UNIFORMERV2, VIT

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.positions import POSITIONS, call_at_any_side, resize_positions

CFGS = {cfg['type']: cfg for cfg in (TIMESFORMER, UNIFORMERV2)}


def build(name):
    torch.manual_seed(0)
    backbone = MODELS.build(dict(CFGS[name]))
    torch.nn.init.normal_(getattr(backbone, POSITIONS[name]))
    return backbone.eval()


def test_a_plane_over_the_grid_nearly_stays_that_plane():
    def plane(side):
        places = (torch.arange(side) + 0.5) / side
        return (places[:, None] + 2 * places).flatten()[:, None].expand(-1, 3)    # (side², 3)
    token = torch.full((1, 3), 9.0)
    resized = resize_positions(torch.cat([token, plane(8)])[None], (16, 16))[0]
    assert torch.equal(resized[:1], token)
    inner = resized[1:].view(16, 16, 3)[3:-3, 3:-3]
    torch.testing.assert_close(inner, plane(16).view(16, 16, 3)[3:-3, 3:-3],
                               atol=0.02, rtol=0)     # bicubic, of values up to 3


def test_a_grid_that_is_no_square_gets_a_place_for_each_patch():
    assert resize_positions(torch.randn(1, 17, 3), (2, 5)).shape == (1, 11, 3)
    assert resize_positions(torch.randn(17, 3), (3, 3)).shape == (10, 3)


@pytest.mark.parametrize('name', CFGS)
def test_at_its_own_side_a_backbone_is_called_as_it_is(name):
    backbone, clips = build(name), torch.randn(2, 3, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(call_at_any_side(backbone, clips), backbone(clips))


@pytest.mark.parametrize('name', CFGS)
def test_another_side_equals_a_backbone_that_was_built_for_it(name):
    backbone, clips = build(name), torch.randn(2, 3, 4, 32, 32)
    size = 'img_size' if name == 'TimeSformer' else 'input_resolution'
    small = MODELS.build(dict(CFGS[name], **{size: 32})).eval()
    state, key = backbone.state_dict(), POSITIONS[name]
    small.load_state_dict(state | {key: resize_positions(state[key], (2, 2))})
    with torch.no_grad():
        torch.testing.assert_close(call_at_any_side(backbone, clips), small(clips))


@pytest.mark.parametrize('name', CFGS)
def test_the_parameter_keeps_its_name_and_size_and_learns_at_every_side(name):
    backbone, key = build(name), POSITIONS[name]
    before = {name: value.shape for name, value in backbone.state_dict().items()}
    for side in (32, 64, 96):
        backbone.zero_grad()
        SnippetEncoder()(backbone, torch.randn(1, 2, 3, 4, side, side)).square().sum().backward()
        grad = getattr(backbone, key).grad
        assert grad is not None
        assert (grad.flatten(0, -2).abs().sum(-1) > 0).all()
    assert {name: value.shape for name, value in backbone.state_dict().items()} == before


def test_videomae_resizes_its_own():
    backbone = MODELS.build(dict(VIT)).eval()
    for side in (32, 96):
        assert call_at_any_side(backbone, torch.randn(1, 3, 4, side, side)).shape == (1, 24)
