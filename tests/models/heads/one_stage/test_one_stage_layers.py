import math

import pytest
import torch
from torch import nn

from mmlofi.models.heads.one_stage.layers import (
    AffineDropPath,
    ChannelNorm,
    MaskedConv,
    drop_path,
    position_encoding,
)
from mmlofi.models.heads.one_stage.towers import ClassTower


def test_a_masked_convolution_reads_behind_the_end_and_writes_0_there():
    conv = MaskedConv(1, 1, 3)
    nn.init.ones_(conv.conv.weight)
    mask = torch.tensor([[True, True, False]])
    assert conv(torch.tensor([[[1., 2., 4.]]]), mask).tolist() == [[[3, 7, 0]]]


def test_the_norm_is_layer_norm_of_the_channels_and_leaves_its_bias_at_padded_points():
    torch.manual_seed(0)
    norm, x = ChannelNorm(6), torch.randn(2, 6, 5)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x[..., 4] = 0
    mean, var = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
    expected = (x - mean) / (var + 1e-5).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm(x)[0, :, 4], norm.bias[0, :, 0])


def test_drop_path_scales_at_inference_and_leaves_out_a_tenth_of_the_videos_in_training():
    torch.manual_seed(0)
    path, x = AffineDropPath(2, 0.1), torch.ones(4000, 2, 1)
    assert torch.equal(path.eval()(x), torch.full_like(x, 1e-4))
    found = path.train()(x).detach()
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=0.02)
    assert torch.equal(found[:, 0], found[:, 1])
    assert float(found.mean()) == pytest.approx(1e-4, rel=0.02)
    assert not list(drop_path(2, 0.0).parameters())


def test_positions_are_sines_and_cosines_over_the_root_of_the_channels():
    found = position_encoding(torch.zeros(1, 4, 3), None)[0]
    for position in range(3):
        for channel, angle in enumerate([position, position, position / 100, position / 100]):
            wave = math.cos if channel % 2 else math.sin
            assert float(found[channel, position]) == pytest.approx(wave(angle) / 2, abs=1e-6)


def test_positions_stretch_from_the_maximum_on():
    table = position_encoding(torch.zeros(1, 4, 8), 8)
    assert torch.equal(position_encoding(torch.zeros(1, 4, 5), 8), table[..., :5])
    stretched = position_encoding(torch.zeros(1, 4, 16), 8)
    assert stretched.shape == (1, 4, 16)
    assert torch.equal(stretched[..., -1], table[..., -1])


def test_classes_start_rare_and_those_without_annotations_rarer():
    bias = ClassTower(4, 4, 3, empty_classes=[1]).cls_head.conv.bias
    assert bias.sigmoid().tolist() == pytest.approx([0.01, 1e-6, 0.01], rel=1e-4)
