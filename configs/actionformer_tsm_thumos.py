# Stage 3 as gtad_tsm_thumos.py, with ActionFormer on windows of the frozen LoFi encoder's features.
#
#   python tools/extract_features.py configs/lofi_actionformer_tsm_thumos.py \
#       work_dirs/lofi_actionformer_tsm_thumos/epoch_15.pth \
#       --out features/lofi_actionformer_tsm_thumos --subset train test
#   LOFI_FEATURES=features/lofi_actionformer_tsm_thumos \
#       python tools/train.py configs/actionformer_tsm_thumos.py
#
# Paper:    no such row
# Ours:     not run
# GPUs:     1 x 8 windows
# Memory, hours: not run
#
# Soft-NMS runs in each window and again over the video, as for G-TAD; published one-stage recipes on
# windows join them first.
_base_ = ['_base_/default_runtime.py', '_base_/thumos_features.py', '_base_/actionformer.py',
          '_base_/one_stage_schedule.py']

# Windows of 256 snippets fit windows of attention of 9 (divisor 256).
model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.actionformer_head, in_channels=512, num_classes=20, max_seq_len=256,
              backbone=dict(window=9)),
    nms=_base_.nms)

auto_scale_lr = dict(base_batch_size=8)   # 1 GPU x 8
