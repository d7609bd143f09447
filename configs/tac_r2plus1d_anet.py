# TSP's baseline, TAC: R(2+1)D-34 tells the class of clips inside of actions, and nothing else; what
# LoFi calls ACP+, by TSP's recipe.
#
#   bash tools/dist_train.sh configs/tac_r2plus1d_anet.py 2
#
# Paper:    not known
# Ours:     not run
# GPUs:     2 x 32 clips
# Memory:   as tsp_r2plus1d_anet.py
# Hours:    not run; 76,155 clips an epoch
_base_ = './tsp_r2plus1d_anet.py'

model = dict(cls_head=dict(regions=False, gvf_channels=None))
dataset = dict(background=None, gvf=None)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
