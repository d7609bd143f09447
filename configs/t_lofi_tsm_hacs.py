# Stage 2 on HACS, baseline of lofi_tsm_hacs.py: T-LoFi, a quarter of the snippets in every epoch.
#
#   bash tools/dist_train.sh configs/t_lofi_tsm_hacs.py 4
#
# Paper:    T-LoFi, 37.30 / 24.18 / 7.07 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.36
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_hacs.py
_base_ = './lofi_tsm_hacs.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='T', temporal=4)])]
