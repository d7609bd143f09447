# Stage 2, baseline of lofi_tsm_anet.py: S-LoFi, half the frame side in every epoch.
#
#   bash tools/dist_train.sh configs/s_lofi_tsm_anet.py 4
#
# Paper:    S-LoFi, 50.47 / 34.71 / 7.57 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.12
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_anet.py
_base_ = './lofi_tsm_anet.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='S', spatial=2)])]
