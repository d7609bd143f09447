# The ACP+ baseline of gtad_tsm_anet.py: the encoder that classified ActivityNet's own segments.
#
#   python tools/extract_features.py configs/lofi_tsm_anet.py \
#       work_dirs/acp_plus_tsm_anet/epoch_50.pth --out features/acp_plus_tsm_anet
#   python tools/train.py configs/acp_plus_gtad_tsm_anet.py
#
# Paper:    ACP+, 49.87 / 34.58 / 7.85 at tIoU 0.5 / 0.75 / 0.95, average mAP 33.84
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/acp_plus_tsm_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
