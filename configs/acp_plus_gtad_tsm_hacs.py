# The ACP+ baseline of gtad_tsm_hacs.py: the encoder that classified HACS's own segments.
#
#   python tools/extract_features.py configs/lofi_tsm_hacs.py \
#       work_dirs/acp_plus_tsm_hacs/epoch_50.pth --out features/acp_plus_tsm_hacs
#   python tools/train.py configs/acp_plus_gtad_tsm_hacs.py
#
# Paper:    ACP+, 36.31 / 22.96 / 6.62 at tIoU 0.5 / 0.75 / 0.95, average mAP 23.31
# Ours:     not run
# GPUs, memory, hours: as gtad_tsm_hacs.py
_base_ = './gtad_tsm_hacs.py'

data_prefix = dict(feature='features/acp_plus_tsm_hacs')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
