# Stage 3 as gtad_tsm_anet.py, on the features of torchvision's R(2+1)D-18 after
# lofi_r2plus1d_torchvision_anet.py.
#
#   python tools/extract_features.py configs/lofi_r2plus1d_torchvision_anet.py \
#       work_dirs/lofi_r2plus1d_torchvision_anet/epoch_15.pth \
#       --out features/lofi_r2plus1d_torchvision_anet
#   python tools/train.py configs/gtad_r2plus1d_torchvision_anet.py
#
# Paper:    R(2+1)D-18, T-LoFi, average mAP 34.21
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='{{$LOFI_FEATURES:features/lofi_r2plus1d_torchvision_anet}}')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
