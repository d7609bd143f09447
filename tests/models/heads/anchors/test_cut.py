"""What anchor-based heads do in a window that reaches past the video's end."""
from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models.heads.anchors.cut import cut_at_end
from mmlofi.models.heads.bmn import BMNHead
from mmlofi.models.heads.gtad import GTADHead


def sample_of(num_valid):
    return ActionDataSample(metainfo=dict(video_name='v', num_valid=num_valid))


def test_what_lies_past_the_end_is_cut_or_dropped_with_its_score():
    proposals = InstanceData(metainfo=dict(start=torch.ones(8)), segments=torch.tensor(
        [[0.0, 0.25], [0.25, 0.75], [0.5, 0.75], [0.625, 1]]),
        scores=torch.tensor([0.9, 0.8, 0.7, 0.6]))
    (found,) = cut_at_end([proposals], [sample_of(4)], 8)
    assert found.segments.tolist() == [[0, 0.25], [0.25, 0.5]]
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.8]))
    assert torch.equal(found.start, proposals.start)    # curves stay as long as the window
    assert proposals.segments[1].tolist() == [0.25, 0.75]
    for samples in ([sample_of(None)], None):
        assert cut_at_end([proposals], samples, 8)[0] is proposals


@pytest.mark.parametrize('head', [GTADHead, BMNHead])
def test_no_head_proposes_what_lies_past_the_end(head):
    model = head(in_channels=4, proposals=dict(peak_filter=False)).eval()
    features = torch.randn(2, 4, 8)
    whole = model.predict(features, [sample_of(None)] * 2)
    cut = model.predict(features, [sample_of(3), sample_of(None)])
    assert len(whole[0].scores) == 36
    assert len(cut[0].scores) == 8 + 7 + 6
    assert float(cut[0].segments.max()) == pytest.approx(3 / 8)
    assert torch.equal(cut[1].segments, whole[1].segments)
