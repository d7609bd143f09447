# Stage 3 as gtad_tsm_anet.py, with a new TriDet on the frozen LoFi encoder's features.
#
#   python tools/extract_features.py configs/lofi_tridet_tsm_anet.py \
#       work_dirs/lofi_tridet_tsm_anet/epoch_15.pth --out features/lofi_tridet_tsm_anet
#   LOFI_FEATURES=features/lofi_tridet_tsm_anet \
#       python tools/train.py configs/tridet_tsm_anet.py
#
# Paper:    no such row
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   0.4 GiB of tensors (computed, not measured)
# Hours:    not run
#
# 100 snippets a video as they were extracted, padded to 128, where the authors have as many TSP
# features as a video gives, and wider windows.
_base_ = ['_base_/default_runtime.py', '_base_/anet_features.py', '_base_/tridet_anet.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.tridet_head, in_channels=512, max_seq_len=128,
              backbone=dict(_base_.tridet_head.backbone, window=1, window_factor=5,
                            input_noise=0)),
    nms=_base_.nms, fusion=_base_.fusion,
    class_scores=dict(_base_.class_scores, in_channels=512))

train_cfg = dict(max_epochs=15)     # 10 of them warm up
_base_.param_scheduler[0].update(end=10)
_base_.param_scheduler[1].update(begin=10, end=15, eta_min=5e-5)
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.04), clip_grad=dict(max_norm=0.4))
auto_scale_lr = dict(base_batch_size=16)     # 1 GPU x 16
