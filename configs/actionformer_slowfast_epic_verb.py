# ActionFormer on EPIC-Kitchens-100, verbs, with SlowFast features.
#
#   python tools/train.py configs/actionformer_slowfast_epic_verb.py
#
# Paper:    26.58 / 25.42 / 24.15 / 22.29 / 19.09 at tIoU 0.1 to 0.5, average mAP 23.51 (the
#           authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.9 GiB of activations, 1.3 with weights and optimizer (computed, not measured);
#           the authors say 4.5 GB in training, over 10 GB in testing
# Hours:    not run
#
# Features and annotations: epic_kitchens.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go, and the names of classes:
# _base_/epic_slowfast.py.
_base_ = ['_base_/default_runtime.py', '_base_/epic_slowfast.py', '_base_/actionformer.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=2304, num_classes=97,
              backbone=dict(window=9),
              targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000))),
              loss=dict(init_norm=250), candidates=dict(pre_nms_topk=5000)),
    nms=dict(_base_.nms, sigma=0.4, top_k=2000))

train_cfg = dict(max_epochs=21)
_base_.param_scheduler[1].update(end=21)
