# Stage 3 on THUMOS14: G-TAD on windows of the frozen LoFi encoder's full-fidelity features.
#
#   python tools/extract_features.py configs/lofi_tsm_thumos.py \
#       work_dirs/lofi_tsm_thumos/epoch_15.pth --out features/lofi_tsm_thumos --subset train test
#   python tools/train.py configs/gtad_tsm_thumos.py
#
# Paper:    no such row; G-TAD's recipe on THUMOS14, in other features
# Ours:     not run
# GPUs:     1 x 8 windows
# Memory, hours: not run
#
# Features of yours or of others that lie a fixed number of frames apart serve as well, and so do
# UntrimmedNet's class scores: docs/features.md. C goes into model.head.in_channels.
_base_ = ['_base_/default_runtime.py', '_base_/thumos_features.py', '_base_/gtad_thumos.py',
          '_base_/gtad_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.gtad_head, in_channels=512),
    nms=_base_.nms,
    class_scores=dict(_base_.class_scores, in_channels=512))

optim_wrapper = dict(optimizer=dict(lr=4e-5), clip_grad=dict(max_norm=1))
auto_scale_lr = dict(base_batch_size=8)   # 1 GPU x 8
