# Stage 2 on HACS, baseline of lofi_tsm_hacs.py: S-LoFi, half the frame side in every epoch.
#
#   bash tools/dist_train.sh configs/s_lofi_tsm_hacs.py 4
#
# Paper:    S-LoFi, 37.16 / 24.23 / 6.84 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.25
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_hacs.py
_base_ = './lofi_tsm_hacs.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='S', spatial=2)])]
