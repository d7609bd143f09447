# Stage 3 on HACS-v1.1: a new G-TAD head on the frozen LoFi encoder's full-fidelity features.
#
#   python tools/extract_features.py configs/lofi_tsm_hacs.py \
#       work_dirs/lofi_tsm_hacs/epoch_15.pth --out features/lofi_tsm_hacs
#   python tools/train.py configs/gtad_tsm_hacs.py
#
# Paper:    Long C-LoFi, 37.78 / 24.40 / 7.29 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.64
# Ours:     not run
# GPUs:     1 x 32 videos
# Memory:   0.6 GiB of activations (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/hacs_features.py', '_base_/gtad.py',
          '_base_/gtad_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512))

# G-TAD's recipe on HACS.
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
auto_scale_lr = dict(base_batch_size=32)     # 1 GPU x 32
