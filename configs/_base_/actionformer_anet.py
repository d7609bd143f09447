# ActionFormer (ECCV 2022) on ActivityNet: 256 channels, windows of 7 and at the last level all of it,
# one class; the two best classes of the video label each segment, with the square root of the
# product of both scores.
actionformer_head = dict(
    type='ActionFormerHead', num_classes=1, max_seq_len=192,
    backbone=dict(embed_dim=256, window=(7, 7, 7, 7, 7, -1), positions=True),
    loss=dict(init_norm=200, label_smoothing=0.1, reg_weight=2),
    candidates=dict(duration_thresh=0.001))
nms = dict(sigma=0.75, top_k=100, min_score=0.001, voting_thresh=0.9, voting_weight='score_iou')
fusion = 'sqrt'
