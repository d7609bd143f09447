# Stage 2, baseline of lofi_tsm_anet.py: ST-LoFi, half of snippets and area in every epoch.
#
#   bash tools/dist_train.sh configs/st_lofi_tsm_anet.py 4
#
# Paper:    ST-LoFi, 50.36 / 34.79 / 7.59 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.12
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_anet.py
_base_ = './lofi_tsm_anet.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='ST', temporal=2, spatial=2**0.5)])]
