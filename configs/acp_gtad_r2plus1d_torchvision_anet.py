# The ACP baseline of gtad_r2plus1d_torchvision_anet.py: the same head on the features of torchvision's
# Kinetics weights as they are.
#
#   python tools/extract_features.py configs/lofi_r2plus1d_torchvision_anet.py \
#       --out features/acp_r2plus1d_torchvision_anet
#   python tools/train.py configs/acp_gtad_r2plus1d_torchvision_anet.py
#
# Paper:    R(2+1)D-18, ACP, average mAP 33.55
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/acp_r2plus1d_torchvision_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
