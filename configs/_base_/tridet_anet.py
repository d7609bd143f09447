# TriDet (CVPR 2023) on ActivityNet: 256 channels, one class; the two best classes of the video label
# each segment, with the square root of the product of both scores.
tridet_head = dict(
    type='TriDetHead', num_classes=1, max_seq_len=768,
    backbone=dict(embed_dim=256, window=15, window_factor=1.3, mlp_channels=2048, positions=True,
                  init_conv_vars=0.2, input_noise=0.5),
    towers=dict(channels=512, num_bins=12),
    loss=dict(init_norm=400, label_smoothing=0.1, iou_weight_power=1),
    candidates=dict(duration_thresh=0.1))
nms = dict(sigma=0.7, top_k=200, min_score=0.001, voting_thresh=0.95)
fusion = 'sqrt'
