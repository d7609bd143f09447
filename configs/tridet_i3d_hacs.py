# TriDet on HACS-v1.1 Segments, with I3D features.
#
#   python tools/train.py configs/tridet_i3d_hacs.py
#
# Paper:    the authors' configuration; we know no mAP of it
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   3.1 GiB of tensors (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/hacs_i3d.py', '_base_/tridet.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(
        _base_.tridet_head, in_channels=2048, num_classes=200, max_seq_len=512,
        backbone=dict(embed_dim=1024, arch=(2, 2, 6), window=15, window_factor=1.2,
                      mlp_channels=1024, positions=True, init_conv_vars=0.1),
        towers=dict(kernel_size=5, boundary_kernel_size=1, num_bins=12),
        loss=dict(init_norm=400, label_smoothing=0.1, iou_weight_power=1)),
    nms=dict(_base_.nms, sigma=0.75, top_k=250))

optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.03), clip_grad=dict(max_norm=1))
train_cfg = dict(max_epochs=13)     # 10 of them warm up
_base_.param_scheduler[0].update(end=10)
_base_.param_scheduler[1].update(begin=10, end=13, eta_min=2e-4)
auto_scale_lr = dict(base_batch_size=16)   # 1 GPU x 16
