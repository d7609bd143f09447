# Stage 3: a new G-TAD head on the frozen LoFi encoder's full-fidelity features.
#
#   python tools/extract_features.py configs/lofi_tsm_anet.py \
#       work_dirs/lofi_tsm_anet/epoch_15.pth --out features/lofi_tsm_anet
#   python tools/train.py configs/gtad_tsm_anet.py
#
# Paper:    Long C-LoFi, 50.68 / 35.16 / 8.16 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.49
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   0.3 GiB of activations (computed, not measured)
# Hours:    not run
#
# The paper's mAP is with CUHK's class scores (2017): two statements in a config of your own,
#   _base_ = './gtad_tsm_anet.py'
#   model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile',
#       classes=_base_.anet_classes, path='data/activitynet/cuhk_val_simp_share.json'))
_base_ = ['_base_/default_runtime.py', '_base_/anet_features.py', '_base_/gtad.py',
          '_base_/gtad_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512))
