# TriDet (CVPR 2023) with the authors' settings of THUMOS14; leaves change what differs on others.
#
# Its soft-NMS is by class, of each level's best 2000 pairs of a point and a class. The depthwise
# convolutions of its blocks start at 0 and stay there on THUMOS14 and EPIC-Kitchens, as published:
# see `init_conv_vars` in mmlofi/models/heads/one_stage/sgp.py before mending it.
tridet_head = dict(
    type='TriDetHead', max_seq_len=2304,
    backbone=dict(embed_dim=512, window=1, window_factor=5, mlp_channels=768),
    towers=dict(num_bins=16),
    loss=dict(init_norm=100, iou_weight_power=0.2))
nms = dict(by_class=True, sigma=0.5, top_k=2000, min_score=0.001)
