# TSP's baseline, TAC, on THUMOS14: as tac_r2plus1d_anet.py, with a tenth of the encoder's rate.
#
#   bash tools/dist_train.sh configs/tac_r2plus1d_thumos.py 2
#
# Paper:    not known
# Ours:     not run
# GPUs:     2 x 32 clips
# Memory:   as tsp_r2plus1d_anet.py
# Hours:    not run; 13,085 clips an epoch
_base_ = './tsp_r2plus1d_thumos.py'

model = dict(cls_head=dict(regions=False, gvf_channels=None))
dataset = dict(background=None, gvf=None)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader

# 1e-5 a GPU for the encoder; the heads keep theirs.
optim_wrapper = dict(optimizer=dict(lr=2e-5),
                     paramwise_cfg=dict(custom_keys=dict(cls_head=dict(lr_mult=400))))
