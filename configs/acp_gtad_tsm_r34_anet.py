# The ACP baseline of gtad_tsm_r34_anet.py: the same head on the features of stage 1's encoder.
#
#   python tools/extract_features.py configs/lofi_tsm_r34_anet.py \
#       checkpoints/acp_tsm_r34_kinetics.pth --out features/acp_tsm_r34_anet
#   python tools/train.py configs/acp_gtad_tsm_r34_anet.py
#
# Paper:    TSM-R34, ACP, average mAP 33.90
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/acp_tsm_r34_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
