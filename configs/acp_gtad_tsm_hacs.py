# The ACP baseline of gtad_tsm_hacs.py: the same head on the features of stage 1's encoder.
#
#   python tools/extract_features.py configs/lofi_tsm_hacs.py \
#       checkpoints/acp_tsm_kinetics.pth --out features/acp_tsm_hacs
#   python tools/train.py configs/acp_gtad_tsm_hacs.py
#
# Paper:    ACP, 35.68 / 22.79 / 6.51 at tIoU 0.5 / 0.75 / 0.95, average mAP 23.00
# Ours:     not run
# GPUs, memory, hours: as gtad_tsm_hacs.py
_base_ = './gtad_tsm_hacs.py'

data_prefix = dict(feature='features/acp_tsm_hacs')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
