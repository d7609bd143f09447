# ActionFormer on Ego4D's Moment Queries, with SlowFast features.
#
#   python tools/train.py configs/actionformer_slowfast_ego4d.py
#
# Paper:    20.09 / 17.45 / 14.44 / 12.46 / 10.00 at tIoU 0.1 to 0.5, average mAP 14.89; Recall@1x
#           at tIoU 0.5 31.33 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.5 GiB of activations, 0.9 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Annotations: Ego4D's own, by tools/convert_annotations.py ego4d (docs/data_sets.md). Features of
# clips: https://github.com/happyharrycn/actionformer_release tells how they are cut from those of
# whole videos. Where both go: _base_/ego4d_slowfast.py.
_base_ = ['_base_/default_runtime.py', '_base_/ego4d_slowfast.py', '_base_/actionformer.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=2304, num_classes=110, max_seq_len=1024,
              backbone=dict(arch=(2, 2, 6), window=9, positions=True, dropout=0.1),
              targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 128),
                                   (64, 10000))),
              candidates=dict(pre_nms_topk=5000)),
    nms=dict(_base_.nms, sigma=0.9, top_k=2000))

train_cfg = dict(max_epochs=15)
_base_.param_scheduler[1].update(end=15)
