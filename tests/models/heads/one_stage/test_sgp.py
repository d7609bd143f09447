"""TriDet's block."""
from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlofi.models.heads.one_stage.sgp import SGPBackbone, SGPBlock, wide_kernel

DEPTHWISE = ('psi', 'fc', 'convw', 'convkw', 'global_fc')


def block(**options) -> SGPBlock:
    return SGPBlock(**dict(channels=16, window=3, factor=2, hidden=24, drop_probability=0.1,
                           init_std=0.1) | options)


def valid(count: int, length: int) -> torch.Tensor:
    return (torch.arange(length) < count)[None]


@pytest.mark.parametrize(('window', 'factor', 'kernel'), [
    (1, 5, 11), (5, 2, 13), (1, 4, 9), (15, 1.3, 21), (3, 1.2, 5), (15, 1.2, 19)])
def test_the_wide_branch_has_the_published_kernels(window, factor, kernel):
    assert wide_kernel(window, factor) == kernel
    conv = block(window=window, factor=factor).convkw
    assert conv.kernel_size == (kernel,)
    assert conv.padding == (kernel // 2,)


def test_convolutions_that_start_at_zero_stay_there_while_the_rest_learns():
    torch.manual_seed(0)
    sgp, target = block(init_std=0.0), torch.randn(2, 16, 8)
    first = {name: weight.clone() for name, weight in sgp.named_parameters()}
    optimizer = torch.optim.AdamW(sgp.parameters(), lr=1e-2, weight_decay=0.05)
    for _ in range(5):
        optimizer.zero_grad()
        out = sgp(torch.randn(2, 16, 8), valid(8, 8))
        (out - target).square().mean().backward()
        optimizer.step()
    for name, weight in sgp.named_parameters():
        if name.split('.')[0] in DEPTHWISE:
            assert not weight.any(), name
        else:
            assert not torch.equal(weight, first[name]), name


def test_convolutions_of_another_deviation_start_with_it_and_with_no_bias():
    torch.manual_seed(0)
    sgp = block(channels=512, init_std=0.2)
    for name in DEPTHWISE:
        conv = getattr(sgp, name)
        assert conv.weight.std().item() == pytest.approx(0.2, rel=0.1)
        assert not conv.bias.any()


def test_padding_that_follows_changes_what_a_video_gives():
    torch.manual_seed(0)
    sgp, x = block(drop_probability=0.0), torch.randn(1, 16, 8)
    alone = sgp(x, valid(8, 8))
    padded = sgp(nn.functional.pad(x, (0, 8)), valid(8, 16))
    assert (alone - padded[..., :8]).abs().max() > 0.01


@pytest.mark.parametrize('downsample', ['max', 'avg'])
@pytest.mark.parametrize('length', [8, 9, 1])
def test_a_branch_block_halves_any_length(downsample, length):
    half = -(-length // 2)
    out = block(downsample=downsample)(torch.randn(2, 16, length), valid(3, half))
    assert out.shape == (2, 16, half)


def test_a_block_without_drop_path_has_no_scales():
    assert 'drop_path_out.scale' in block().state_dict()
    assert not [name for name in block(drop_probability=0.0).state_dict() if 'drop_path' in name]


def test_the_skip_alone_is_masked():
    """At padded points the branches go on: the norm's bias is seen there."""
    sgp = block(drop_probability=0.0, init_std=0.0)
    sgp.ln.bias.data.fill_(2.0)
    nn.init.zeros_(sgp.mlp[2].weight)
    nn.init.zeros_(sgp.mlp[2].bias)
    out = sgp(torch.zeros(1, 16, 4) + 3, valid(2, 4))
    assert out[0, 0].tolist() == [5, 5, 2, 2]


def test_blocks_of_the_stem_have_a_window_of_one_and_no_scale():
    pyramid = SGPBackbone(embed_dim=32, window=5, window_factor=2, mlp_channels=8).pyramid(6, None)
    assert {one.convw.kernel_size for one in pyramid.stem} == {(1,)}
    assert {one.convkw.kernel_size for one in pyramid.stem} == {(5,)}
    assert {one.convw.kernel_size for one in pyramid.branch} == {(5,)}
    assert {one.convkw.kernel_size for one in pyramid.branch} == {(13,)}
    with_scale = {name.split('.')[0] for name in pyramid.state_dict() if name.endswith('.scale')}
    assert with_scale == {'branch'}


def test_each_level_may_have_a_window_of_its_own():
    settings = SGPBackbone(embed_dim=16, arch=(1, 1, 2), window=(7, 3, 5))
    assert [one.psi.kernel_size for one in settings.pyramid(6, None).branch] == [(3,), (5,)]
    assert settings.divisor() == 2 * 3 * 5 * 7 * 2


@pytest.mark.parametrize(('options', 'said'), [
    (dict(embed_dim=24), 'multiple of 16'), (dict(window=4), 'odd number'),
    (dict(window=(1, 3)), 'each of the 6 levels'), (dict(downsample='mean'), "'max' or 'avg'"),
    (dict(arch=(2, 5)), 'embedding convolutions'), (dict(init_conv_vars=-1), 'at least 0'),
    (dict(drop_path=1.5), 'at most 1'), (dict(mlp_channels=0), '1 or more')])
def test_sizes_that_no_network_has_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        SGPBackbone(**options)
