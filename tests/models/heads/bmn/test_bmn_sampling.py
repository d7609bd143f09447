"""BMN's anchors against the sample mask that MMAction2's BMN builds number by number."""
import pytest
import torch

from mmlofi.models.heads.bmn.sampling import anchors_of

CPU = torch.device('cpu')


def dense(anchors, length, bins):
    """(L, B, D, L): the weight of a position in each bin of each anchor, as MMAction2 lays it."""
    table = torch.eye(length * bins)
    rows = anchors.sample @ table  # (A, L * B)
    return rows[anchors.row_of].unflatten(2, (length, bins)).permute(2, 3, 0, 1)


@pytest.mark.parametrize('bins', [4, 32])
@pytest.mark.parametrize('length', [1, 2, 3, 7, 25, 32])
def test_each_bin_reads_what_mmactions_mask_says(theirs, length, bins):
    mask = theirs(length, bins=bins).sample_mask.view(length, bins, length, length)
    ours = dense(anchors_of(length, length, bins, CPU, torch.float32), length, bins)
    torch.testing.assert_close(ours, mask, rtol=0, atol=1e-6)


@pytest.mark.parametrize('length', [50, 100])
def test_the_product_with_the_mask_is_mmactions_at_the_lengths_of_the_paper(theirs, length):
    mask = theirs(length).sample_mask.view(length, 32, length, length)
    anchors = anchors_of(length, length, 32, CPU, torch.float32)
    table = torch.randn(length, 32, 3)
    wanted = torch.einsum('tbds,tbh->dsh', mask, table)
    torch.testing.assert_close((anchors.sample @ table.flatten(0, 1))[anchors.row_of], wanted,
                               rtol=0, atol=1e-4)


def test_a_longest_duration_takes_the_first_rows_of_the_map(theirs):
    mask = theirs(25).sample_mask.view(25, 32, 25, 25)[:, :, :6]
    ours = dense(anchors_of(25, 6, 32, CPU, torch.float32), 25, 32)
    torch.testing.assert_close(ours, mask, rtol=0, atol=1e-6)


def test_anchors_are_made_once_for_a_size_and_survive_inference_mode():
    with torch.inference_mode():
        anchors = anchors_of(11, 11, 4, CPU, torch.float32)
    assert anchors_of(11, 11, 4, CPU, torch.float32) is anchors
    assert not any(x.is_inference() for x in (anchors.row_of, *anchors.sample))
