import pytest
import torch

from mmlofi.models.heads.anchors.align import inside_video, project_then_align
from mmlofi.models.heads.gtad.sampling import anchors_of

CPU = torch.device('cpu')
SIZES = [(1, 1, 3, 2), (2, 2, 1, 1), (7, 7, 3, 2), (9, 4, 5, 4), (30, 30, 8, 4), (25, 6, 32, 4)]


def random_case(length, bins, videos=2, channels=6, hidden=5):
    nodes, context = (torch.randn(videos, channels, length, requires_grad=True) for _ in range(2))
    weight = torch.randn(hidden, channels * bins, requires_grad=True)
    return nodes, context, weight, torch.randn(hidden, requires_grad=True)


def lean_map(nodes, context, weight, bias, durations, inner_bins, context_bins):
    anchors = anchors_of(nodes.size(2), durations, inner_bins, context_bins, CPU, nodes.dtype)
    rows = project_then_align(nodes, context, weight, bias, anchors, inner_bins)
    return rows[:, anchors.row_of].permute(0, 3, 1, 2)


@pytest.mark.parametrize(('length', 'durations', 'inner_bins', 'context_bins'), SIZES)
def test_projecting_first_gives_the_outputs_and_gradients_of_the_materialised_map(
        twin, length, durations, inner_bins, context_bins):
    inputs = random_case(length, inner_bins + context_bins)
    nodes, context, weight, bias = inputs
    lean = lean_map(*inputs, durations, inner_bins, context_bins)
    aligned = twin.aligned_map(nodes, context, durations, inner_bins, context_bins)
    slow = torch.einsum('hc,ncdl->nhdl', weight, aligned) + bias[:, None, None]
    torch.testing.assert_close(lean, slow, rtol=1e-4, atol=1e-4)

    cotangent = torch.randn_like(lean)
    for ours, theirs in zip(torch.autograd.grad(lean, inputs, cotangent),
                            torch.autograd.grad(slow, inputs, cotangent), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_hand_written_gradient_is_the_numerical_one():
    inputs = [x.detach().double().requires_grad_() for x in random_case(5, 5, channels=2, hidden=3)]
    assert torch.autograd.gradcheck(lambda *x: lean_map(*x, 5, 3, 2), inputs)


def test_anchors_that_end_after_the_video_share_one_row():
    anchors = anchors_of(6, 6, 4, 2, CPU, torch.float32)
    inside = inside_video(6, 6)
    assert anchors.row_of[inside].tolist() == list(range(21))
    assert set(anchors.row_of[~inside].tolist()) == {21}


def test_anchors_are_made_once_for_a_size_and_survive_inference_mode():
    with torch.inference_mode():
        anchors = anchors_of(11, 11, 4, 2, CPU, torch.float32)
    assert anchors_of(11, 11, 4, 2, CPU, torch.float32) is anchors
    assert not any(x.is_inference() for x in (anchors.row_of, *anchors.sample))


def test_backward_keeps_nothing_the_size_of_the_anchors():
    inputs = random_case(40, 36)
    anchors = anchors_of(40, 40, 32, 4, CPU, torch.float32)
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        project_then_align(*inputs, anchors, 32)
    assert sum(kept) == sum(x.numel() for x in inputs[:3])
