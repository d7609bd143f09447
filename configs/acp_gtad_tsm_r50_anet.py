# The ACP baseline of gtad_tsm_r50_anet.py: the same head on the features of stage 1's encoder.
#
#   python tools/extract_features.py configs/lofi_tsm_r50_anet.py \
#       checkpoints/acp_tsm_r50_kinetics.pth --out features/acp_tsm_r50_anet
#   python tools/train.py configs/acp_gtad_tsm_r50_anet.py
#
# The checkpoint is that of MMAction2, which lofi_tsm_r50_anet.py names by load_from; by its URL it
# need not be downloaded.
# Paper:    TSM-R50, ACP, average mAP 34.26
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_r50_anet.py'

data_prefix = dict(feature='features/acp_tsm_r50_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
