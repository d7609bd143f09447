# Stage 2 on HACS-v1.1, beside lofi_tsm_hacs.py: the short cycle, another fidelity every 16 batches.
#
#   bash tools/dist_train.sh configs/lofi_short_tsm_hacs.py 4
#
# Paper:    Short C-LoFi, 37.63 / 24.45 / 6.95 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.60
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_hacs.py
_base_ = './lofi_tsm_hacs.py'

custom_hooks = [dict(_base_.custom_hooks[0], by='iter', interval=16)]
