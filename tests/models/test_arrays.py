"""What a head gives in tensors becomes arrays once, and detections tensors again."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models.arrays import to_instances, to_raw


@pytest.mark.parametrize(('given', 'expected'), [
    (torch.float16, np.float32), (torch.bfloat16, np.float32), (torch.float32, np.float32),
    (torch.float64, np.float64)])
def test_what_a_head_proposes_becomes_arrays_of_at_least_single_precision(given, expected):
    sample = ActionDataSample(metainfo=dict(
        video_name='v', duration_sec=np.float64(10), window_norm=(np.float64(0), 0.5),
        first_snippet=3))
    found = InstanceData(segments=torch.tensor([[0.25, 0.5]], dtype=given, requires_grad=True),
                         scores=torch.tensor([0.5], dtype=given), labels=torch.tensor([2]),
                         metainfo=dict(start=torch.ones(4, dtype=given)))
    raw = to_raw(sample, found, torch.tensor([0.125, 0.5], dtype=given))
    assert (raw.segments.tolist(), raw.scores.tolist(), raw.labels.tolist()) == (
        [[0.25, 0.5]], [0.5], [2])
    assert {raw.segments.dtype, raw.scores.dtype, raw.class_scores.dtype, raw.start.dtype} == {
        np.dtype(expected)}
    assert (raw.video_name, raw.first_snippet, raw.end) == ('v', 3, None)
    # Numbers of numpy's would make double precision of single.
    assert [type(value) for value in (raw.duration_sec, *raw.window_norm)] == [float] * 3


def test_detections_become_tensors_again_also_from_views():
    values = np.arange(8.0).reshape(4, 2)[::2], np.broadcast_to(np.float32(0.5), 2), np.arange(2)
    found = to_instances(values, 'cpu')
    assert found.segments_sec.tolist() == [[0, 1], [4, 5]]
    assert found.scores.tolist() == [0.5, 0.5]
    assert found.labels.dtype == torch.int64
