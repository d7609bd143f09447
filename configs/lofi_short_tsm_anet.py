# Stage 2, beside lofi_tsm_anet.py: the short cycle, another fidelity every 16 batches.
#
#   bash tools/dist_train.sh configs/lofi_short_tsm_anet.py 4
#
# Paper:    Short C-LoFi, 50.57 / 35.12 / 8.14 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.38
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_anet.py
_base_ = './lofi_tsm_anet.py'

custom_hooks = [dict(_base_.custom_hooks[0], by='iter', interval=16)]
