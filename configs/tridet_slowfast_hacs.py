# TriDet on HACS-v1.1 Segments, with SlowFast features.
#
#   python tools/train.py configs/tridet_slowfast_hacs.py
#
# Paper:    56.90 / 39.33 / 11.24 at tIoU 0.5 / 0.75 / 0.95, average mAP 38.69 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   5.3 GiB of tensors (computed, not measured)
# Hours:    not run
#
# Features: the README of https://github.com/sming256/OpenTAD, HACS, SlowFast; where they go:
# _base_/hacs_slowfast.py.
_base_ = ['_base_/default_runtime.py', '_base_/hacs_slowfast.py', '_base_/tridet.py',
          '_base_/one_stage_schedule.py']
from mmlofi.pipelines import change

model = dict(
    type='EndToEndLocalizer',
    head=dict(
        _base_.tridet_head, in_channels=2304, num_classes=200, max_seq_len=960,
        backbone=dict(embed_dim=1024, window=3, window_factor=1.2, mlp_channels=1024,
                      positions=True, init_conv_vars=0.1, input_noise=0.2),
        towers=dict(kernel_size=5, boundary_kernel_size=1, num_bins=14),
        loss=dict(init_norm=400, label_smoothing=0.1, iou_weight_power=1)),
    nms=dict(_base_.nms, sigma=0.75, top_k=250))

change(_base_.train_dataloader, 'RandomTruncation', offset=0)     # unlike ActionFormer
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.03), clip_grad=dict(max_norm=0.5))
train_cfg = dict(max_epochs=11)     # 7 of them warm up
_base_.param_scheduler[0].update(end=7)
_base_.param_scheduler[1].update(begin=7, end=11, eta_min=5e-4)
auto_scale_lr = dict(base_batch_size=16)   # 1 GPU x 16
