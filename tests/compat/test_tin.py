"""TIN's shift of frames without compiled operators."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS

from mmlofi.compat.tin import mend_tin, shift_frames


def slow_shift(data, offset):
    """Each channel by itself: output frame t is the input at t - offset, zero outside."""
    N, T, C, _, _ = data.shape
    groups, result = offset.shape[1], torch.zeros_like(data)
    for n in range(N):
        for channel in range(C):
            place = float(offset[n, channel // (C // groups)])
            for t in range(T):
                for source in range(T):
                    weight = max(0.0, 1 - abs(t - place - source))
                    result[n, t, channel] += weight * data[n, source, channel]
    return result


def test_shifted_frames_equal_a_loop_over_channels():
    torch.manual_seed(0)
    data, offset = torch.randn(2, 5, 8, 2, 3), torch.rand(2, 4) * 8 - 4
    torch.testing.assert_close(shift_frames(data, offset), slow_shift(data, offset))


def test_whole_offsets_move_later_and_leave_zeros():
    data = torch.arange(1.0, 5).view(1, 4, 1, 1, 1)
    assert shift_frames(data, torch.tensor([[1.0]])).flatten().tolist() == [0, 1, 2, 3]
    assert shift_frames(data, torch.tensor([[-2.0]])).flatten().tolist() == [3, 4, 0, 0]
    assert shift_frames(data, torch.tensor([[9.0]])).flatten().tolist() == [0, 0, 0, 0]


def test_frames_and_offsets_get_their_gradients():
    torch.manual_seed(0)
    data = torch.randn(1, 3, 4, 1, 2, dtype=torch.double, requires_grad=True)
    offset = torch.tensor([[0.3, -1.4]], dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(shift_frames, (data, offset))


def test_the_mend_is_made_once_and_for_tin_alone():
    tin = MODELS.build(dict(type='ResNetTIN', depth=50, pretrained=None, pretrained2d=False,
                            num_segments=4, shift_div=4))
    from mmaction.models.backbones import resnet_tin
    mend_tin(tin)
    mended = resnet_tin.linear_sampler
    mend_tin(tin)
    assert resnet_tin.linear_sampler is mended
    mend_tin(torch.nn.Conv2d(3, 4, 1))
    data, offset = torch.randn(1, 4, 4, 2, 2), torch.rand(1, 2)
    torch.testing.assert_close(resnet_tin.linear_sampler(data, offset), shift_frames(data, offset))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU and the full mmcv')
def test_shifted_frames_equal_mmcvs_operator():
    mmcv_ops = pytest.importorskip('mmcv.ops')
    data, offset = torch.randn(2, 5, 8, 6, device='cuda'), torch.tensor([[1, 0], [-2, 3]]).cuda()
    expected = mmcv_ops.tin_shift(data, offset.int())
    torch.testing.assert_close(shift_frames(data[..., None], offset.float())[..., 0], expected)
