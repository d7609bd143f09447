import pytest
import torch
from masked_attention_twin import masked_attention

from mmlofi.models.heads.one_stage import attention
from mmlofi.models.heads.one_stage.attention import MaskedAttention, local_attention


def parts(L, N=2, H=2, width=4, dtype=torch.double, seed=0):
    torch.manual_seed(seed)
    return [torch.randn(N, H, width, L, dtype=dtype, requires_grad=True) for _ in range(3)]


def first(counts, L):
    return torch.arange(L) < torch.tensor(counts)[:, None]


@pytest.mark.parametrize('window', [3, 5, 9, 19, 41])
@pytest.mark.parametrize('L', [1, 2, 7, 8, 9, 24, 37])
@pytest.mark.parametrize('biased', [False, True])
def test_a_window_gives_what_the_whole_map_with_a_mask_gives(window, L, biased, monkeypatch):
    monkeypatch.setattr(attention, 'BLOCK', 8)
    inputs = parts(L)
    if biased:
        inputs.append(torch.randn(1, 1, 2, window, dtype=torch.double, requires_grad=True))
    mask = first([max(1, L // 2), L], L)
    arguments = *inputs[:3], mask, window, *inputs[3:]
    found, expected = local_attention(*arguments), masked_attention(*arguments)
    upstream = torch.randn_like(expected) * mask[:, None, None]   # padded points are masked later
    torch.testing.assert_close(found * mask[:, None, None], expected * mask[:, None, None])
    for one, other in zip(torch.autograd.grad(found, inputs, upstream),
                          torch.autograd.grad(expected, inputs, upstream)):
        torch.testing.assert_close(one, other)


def test_no_video_sees_the_next_one_of_the_batch(monkeypatch):
    monkeypatch.setattr(attention, 'BLOCK', 4)
    inputs, mask = parts(8), first([8, 8], 8)
    before = local_attention(*inputs, mask, 5)
    changed = [x.clone() for x in inputs]
    for x in changed:
        x.data[1] += 100
    assert torch.equal(local_attention(*changed, mask, 5)[0], before[0])


def test_what_is_kept_for_the_backward_pass_grows_with_the_length_and_not_with_its_square():
    def kept(L):
        storages = {}

        def pack(x):
            storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
            return x
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            local_attention(*parts(L, dtype=torch.float32, width=32), first([L, L], L), 19)
        return sum(storages.values())
    assert kept(2048) < 2.1 * kept(1024)


def test_padded_points_are_zero_and_their_gradients_are_numbers():
    torch.manual_seed(0)
    for window in (5, -1):
        layer = MaskedAttention(8, 2, window=window, stride=2)
        x = torch.randn(2, 8, 16, requires_grad=True)
        mask = first([3, 8], 8)
        out = layer(x, mask)
        assert not out[0, :, 3:].any()
        assert out[0, :, :3].all()
        out.sum().backward()
        assert x.grad.isfinite().all()
