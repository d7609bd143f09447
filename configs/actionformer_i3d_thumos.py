# ActionFormer on THUMOS14, with two-stream I3D features.
#
#   python tools/train.py configs/actionformer_i3d_thumos.py
#
# Paper:    82.13 / 77.80 / 70.95 / 59.40 / 43.87 at tIoU 0.3 to 0.7, average mAP 66.83 (the authors'
#           repository, of later code than the paper's 62.6; means of runs are close to 66)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.9 GiB of activations, 1.3 with weights and optimizer (computed, not measured);
#           the authors say 4.5 GB in training, over 10 GB in testing
# Hours:    not run
#
# Features and annotations: thumos.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go: _base_/thumos_i3d.py.
_base_ = ['_base_/default_runtime.py', '_base_/thumos_i3d.py', '_base_/actionformer.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=2048, num_classes=20),
    nms=_base_.nms)
