"""What a training pipeline gives: snippets of features, of windows, and of padded videos."""
from __future__ import annotations

import pytest

from mmlofi.planning.training_plan import read_source

PACK = dict(type='PackTALInputs')


@pytest.mark.parametrize(('pipeline', 'num_snippets'), [
    ([dict(type='LoadSnippetFeatures', num_snippets=100), PACK], 100),
    ([dict(type='LoadSnippetFeatures', num_snippets=None),
      dict(type='PadFeatures', max_seq_len=2304), PACK], 2304),
    ([dict(type='LoadSnippetFeatures', num_snippets=101),
      dict(type='DownsampleFeatures', rate=2), PACK], 51),
    ([dict(type='LoadSnippetFeatures', num_snippets=192),
      dict(type='PadFeatures', max_seq_len=200), PACK], 200)])
def test_padding_says_how_many_features_a_video_has_in_a_batch(pipeline, num_snippets):
    assert read_source(pipeline).num_snippets == num_snippets


def test_as_many_as_a_video_has_are_no_number():
    with pytest.raises(ValueError, match=r'as many features as each video has; expected a number, '
                                         r'for a batch of them: put PadFeatures\(max_seq_len=…\)'):
        read_source([dict(type='LoadSnippetFeatures', num_snippets=None), PACK])
