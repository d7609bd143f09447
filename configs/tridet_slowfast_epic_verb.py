# TriDet on EPIC-Kitchens-100, verbs, with SlowFast features.
#
#   python tools/train.py configs/tridet_slowfast_epic_verb.py
#
# Paper:    28.72 / 27.57 / 26.19 / 24.26 / 20.83 at tIoU 0.1 to 0.5, average mAP 25.51 (the authors'
#           repository, after 23 of the 27 epochs)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   1.0 GiB of tensors (computed, not measured)
# Hours:    not run
#
# Features and annotations: epic_kitchens.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go, and the names of classes:
# _base_/epic_slowfast.py.
_base_ = ['_base_/default_runtime.py', '_base_/epic_slowfast.py', '_base_/tridet.py',
          '_base_/one_stage_schedule.py']
from mmlofi.pipelines import change

model = dict(
    type='EndToEndLocalizer',
    head=dict(
        _base_.tridet_head, in_channels=2304, num_classes=97,
        backbone=dict(embed_dim=512, window=5, window_factor=2, mlp_channels=1024),
        targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000))),
        loss=dict(init_norm=250, iou_weight_power=0.25),
        candidates=dict(pre_nms_topk=5000)),
    nms=dict(_base_.nms, sigma=0.4))

change(_base_.train_dataloader, 'RandomTruncation', offset=0)     # unlike ActionFormer
train_cfg = dict(max_epochs=27)     # 5 of them warm up
_base_.param_scheduler[1].update(end=27, eta_min=5e-5)
