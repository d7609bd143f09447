# Stage 2 on HACS, baseline of lofi_tsm_hacs.py: ST-LoFi, half of snippets and area in every epoch.
#
#   bash tools/dist_train.sh configs/st_lofi_tsm_hacs.py 4
#
# Paper:    ST-LoFi, 37.13 / 24.27 / 7.08 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.36
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_hacs.py
_base_ = './lofi_tsm_hacs.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='ST', temporal=2, spatial=2**0.5)])]
