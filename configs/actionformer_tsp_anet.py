# ActionFormer on ActivityNet-v1.3, with TSP features.
#
#   python tools/train.py configs/actionformer_tsp_anet.py
#
# Paper:    54.67 / 37.81 / 8.36 at tIoU 0.5 / 0.75 / 0.95, average mAP 36.56 (the authors'
#           repository)
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   0.3 GiB of activations, 0.4 with weights and optimizer (computed, not measured);
#           the authors say 4.6 GB in training, over 10 GB in testing
# Hours:    not run
#
# Features and annotations: anet_1.3.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go: _base_/anet_tsp.py.
# The published mAP is with CUHK's class scores, two statements in a config of your own:
#   _base_ = './actionformer_tsp_anet.py'
#   model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile',
#       classes=_base_.anet_classes, path='data/anet_1.3/annotations/cuhk_val_simp_share.json'))
_base_ = ['_base_/default_runtime.py', '_base_/anet_tsp.py', '_base_/actionformer_anet.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=512),
    nms=_base_.nms, fusion=_base_.fusion,
    class_scores=dict(_base_.class_scores, in_channels=512))

train_cfg = dict(max_epochs=15)
_base_.param_scheduler[1].update(end=15)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
auto_scale_lr = dict(base_batch_size=16)     # 1 GPU x 16
