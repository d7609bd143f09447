# Stage 3 as gtad_tsm_anet.py, on the features of TSM-R34 after lofi_tsm_r34_anet.py.
#
#   python tools/extract_features.py configs/lofi_tsm_r34_anet.py \
#       work_dirs/lofi_tsm_r34_anet/epoch_15.pth --out features/lofi_tsm_r34_anet
#   python tools/train.py configs/gtad_tsm_r34_anet.py
#
# Paper:    TSM-R34, Long C-LoFi, 50.79 / 35.39 / 8.38 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.74
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='{{$LOFI_FEATURES:features/lofi_tsm_r34_anet}}')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
