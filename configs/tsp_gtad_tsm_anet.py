# Stage 3 on TSP's encoder, the baseline of lofi_tsp_tsm_anet.py: the head of gtad_tsm_anet.py.
#
#   python tools/extract_features.py configs/lofi_tsp_tsm_anet.py \
#       checkpoints/tsp_tsm_anet.pth --out features/tsp_tsm_anet
#   python tools/train.py configs/tsp_gtad_tsm_anet.py
#
# Paper:    no such row
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/tsp_tsm_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
