# TriDet on THUMOS14, with two-stream I3D features.
#
#   python tools/train.py configs/tridet_i3d_thumos.py
#
# Paper:    83.62 / 80.07 / 72.94 / 62.35 / 47.35 at tIoU 0.3 to 0.7, average mAP 69.27 (the
#           authors' repository; some users' runs gave 68.9 or less)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.9 GiB of tensors (computed, not measured)
# Hours:    not run
#
# Features and annotations: thumos.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go: _base_/thumos_i3d.py.
_base_ = ['_base_/default_runtime.py', '_base_/thumos_i3d.py', '_base_/tridet.py',
          '_base_/one_stage_schedule.py']
from mmlofi.pipelines import change

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.tridet_head, in_channels=2048, num_classes=20,
              backbone=dict(_base_.tridet_head.backbone, input_noise=0.0005)),
    nms=_base_.nms)

change(_base_.train_dataloader, 'RandomTruncation', offset=0)     # unlike ActionFormer
optim_wrapper = dict(optimizer=dict(weight_decay=0.025))
train_cfg = dict(max_epochs=40)     # 20 of them warm up
_base_.param_scheduler[0].update(end=20)
_base_.param_scheduler[1].update(begin=20, end=40)
