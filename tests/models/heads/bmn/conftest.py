from functools import lru_cache

import pytest
import torch
from mmaction.registry import MODELS


@lru_cache(maxsize=8)
def mmactions_bmn(length, in_channels=8, bins=32):
    """MMAction2's own BMN, whose T and D are both `length`."""
    return MODELS.build(dict(
        type='BMN', temporal_dim=length, boundary_ratio=0.5, num_samples=bins,
        num_samples_per_bin=3, feat_dim=in_channels, soft_nms_alpha=0.4,
        soft_nms_low_threshold=1.0, soft_nms_high_threshold=1.0, post_process_top_k=length**2))


@pytest.fixture(scope='session')
def theirs():
    """Makes MMAction2's BMN of a size, with the weights of a head or its own."""
    def make(length, head=None, **sizes):
        model = mmactions_bmn(length, **sizes)
        if head is not None:
            missing = model.load_state_dict(head.network.state_dict(), strict=False).missing_keys
            assert set(missing) == {'sample_mask', 'bm_mask'}
        return model
    return make


@pytest.fixture(scope='session')
def materialised():
    """The forward of a head with the sampled features of all anchors built, by MMAction2's mask."""
    def forward(head, features):
        net, length = head.network, features.size(2)
        durations, bins = head.num_durations(length), net.bins
        mask = mmactions_bmn(length, bins=bins).sample_mask.to(features)
        mask = mask.view(length, bins, length, length)[:, :, :durations]
        base = net.x_1d_b(features)
        sampled = torch.tensordot(net.x_1d_p(base), mask, dims=1)  # (N, 256, B, D, L)
        confidence = net.x_2d_p(net.x_3d_p(sampled).squeeze(2))
        return confidence, net.x_1d_s(base).squeeze(1), net.x_1d_e(base).squeeze(1)
    return forward
