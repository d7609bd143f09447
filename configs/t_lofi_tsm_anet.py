# Stage 2, baseline of lofi_tsm_anet.py: T-LoFi, a quarter of the snippets in every epoch.
#
#   bash tools/dist_train.sh configs/t_lofi_tsm_anet.py 4
#
# Paper:    T-LoFi, 50.28 / 35.21 / 8.09 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.32
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_anet.py
_base_ = './lofi_tsm_anet.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='T', temporal=4)])]
