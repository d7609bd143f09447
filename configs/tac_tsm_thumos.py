# TSP's baseline, TAC, on THUMOS14 with the paper's TSM-R18: tsp_tsm_thumos.py's clips inside of
# actions alone.
#
#   bash tools/dist_train.sh configs/tac_tsm_thumos.py 2
#
# Paper:    no such row
# Ours:     not run
# GPUs, memory, hours: as tsp_tsm_thumos.py
_base_ = './tsp_tsm_thumos.py'

model = dict(cls_head=dict(regions=False, gvf_channels=None))
dataset = dict(background=None, gvf=None)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
