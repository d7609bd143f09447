# The ACP baseline of gtad_tsm_anet.py: the same head on the features of stage 1's encoder.
#
#   python tools/extract_features.py configs/lofi_tsm_anet.py \
#       checkpoints/acp_tsm_kinetics.pth --out features/acp_tsm_anet
#   python tools/train.py configs/acp_gtad_tsm_anet.py
#
# Paper:    ACP, 49.64 / 34.16 / 7.68 at tIoU 0.5 / 0.75 / 0.95, average mAP 33.59
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/acp_tsm_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
