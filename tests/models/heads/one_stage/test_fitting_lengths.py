import pytest
import torch

from mmlofi.models.heads.one_stage.lengths import FittingLengths, common_multiple


def test_shorter_features_take_the_maximum_and_longer_ones_the_next_multiple():
    fit = FittingLengths(divisor=8, max_seq_len=32)
    assert [fit(length) for length in (1, 32, 33, 40, 41)] == [32, 32, 40, 40, 48]
    assert [FittingLengths(divisor=8)(length) for length in (1, 8, 9)] == [8, 8, 16]


def test_the_multiple_is_common_to_all_levels():
    # Windows 5, 11, 5, 5, 5: the authors round to 64, which 20 does not divide.
    assert common_multiple([4, 20, 16, 32, 64]) == 320


def test_padding_clears_what_is_no_part_of_the_video():
    features, mask = torch.full((1, 2, 3), 7.), torch.tensor([[True, True, False]])
    features[..., 2] = torch.nan
    padded, longer = FittingLengths(divisor=4).pad(features, mask)
    assert padded.tolist() == [[[7, 7, 0, 0]] * 2]
    assert longer.tolist() == [[True, True, False, False]]


def test_a_maximum_may_fit_less_than_longer_videos_have_to():
    assert FittingLengths(divisor=480, max_seq_len=768, unit=32)(769) == 960


@pytest.mark.parametrize(('length', 'near'), [(100, '96 or 104'), (5, 'take 8,')])
def test_a_maximum_that_fits_no_level_is_refused_with_its_neighbours(length, near):
    with pytest.raises(ValueError, match=f'max_seq_len={length}; expected a multiple of 8.*{near}'):
        FittingLengths(divisor=8, max_seq_len=length)
