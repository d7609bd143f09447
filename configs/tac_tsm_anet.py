# TSP's baseline, TAC, with the paper's TSM-R18: tsp_tsm_anet.py's clips inside of actions alone.
#
#   bash tools/dist_train.sh configs/tac_tsm_anet.py 2
#
# What LoFi calls ACP+ (acp_plus_tsm_anet.py), by TSP's recipe.
# Paper:    no such row
# Ours:     not run
# GPUs, memory, hours: as tsp_tsm_anet.py
_base_ = './tsp_tsm_anet.py'

model = dict(cls_head=dict(regions=False, gvf_channels=None))
dataset = dict(background=None, gvf=None)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
