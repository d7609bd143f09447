# Stage 3 as gtad_tsm_anet.py, with a new ActionFormer on the frozen LoFi encoder's features.
#
#   python tools/extract_features.py configs/lofi_actionformer_tsm_anet.py \
#       work_dirs/lofi_actionformer_tsm_anet/epoch_15.pth --out features/lofi_actionformer_tsm_anet
#   LOFI_FEATURES=features/lofi_actionformer_tsm_anet \
#       python tools/train.py configs/actionformer_tsm_anet.py
#
# Paper:    no such row
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory, hours: not run
#
# 100 snippets a video as they were extracted, where the authors resize TSP features to 192.
_base_ = ['_base_/default_runtime.py', '_base_/anet_features.py', '_base_/actionformer_anet.py',
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
