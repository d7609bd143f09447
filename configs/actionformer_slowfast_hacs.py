# ActionFormer on HACS-v1.1 Segments, with SlowFast features.
#
#   python tools/train.py configs/actionformer_slowfast_hacs.py
#
# Paper:    no such row; OpenTAD's run has 56.18 / 37.97 / 11.05 at tIoU 0.5 / 0.75 / 0.95, average
#           mAP 37.71, by these settings but for a dropout of whole input channels, which the
#           authors' ActionFormer has not, and with TCANet's class scores
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   1.5 GiB of activations, 1.9 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Features: the README of https://github.com/sming256/OpenTAD, HACS, SlowFast; where they go:
# _base_/hacs_slowfast.py.
_base_ = ['_base_/default_runtime.py', '_base_/hacs_slowfast.py', '_base_/actionformer_anet.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=2304, max_seq_len=960,
              backbone=dict(embed_dim=256, window=(13, 13, 13, 13, 13, -1), positions=True),
              loss=dict(init_norm=400, label_smoothing=0.1), candidates=dict()),
    nms=dict(_base_.nms, voting_thresh=0.7, voting_weight='score'), top_classes=3,
    class_scores=dict(_base_.class_scores, in_channels=2304))

train_cfg = dict(max_epochs=15)
_base_.param_scheduler[1].update(end=15)
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.03))
auto_scale_lr = dict(base_batch_size=16)     # 1 GPU x 16
