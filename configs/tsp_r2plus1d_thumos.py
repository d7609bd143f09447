# Stage 1, TSP on THUMOS14: as tsp_r2plus1d_anet.py, with heads that learn twice as fast, and
# background from one clip on.
#
#   bash tools/dist_train.sh configs/tsp_r2plus1d_thumos.py 2
#
# Paper:    P-GCN on its features, mAP@0.5 53.5 (recalled: docs/tsp.md)
# Ours:     not run
# GPUs:     2 x 32 clips
# Memory:   as tsp_r2plus1d_anet.py
# Hours:    not run; 23,970 clips an epoch
_base_ = ['./tsp_r2plus1d_anet.py', '_base_/thumos_classes.py']

model = dict(cls_head=dict(num_classes=20))
dataset = dict(
    data_root='data/thumos14/', ann_file='thumos_gt.json', filename_tmpl='{}.mp4',
    metainfo=dict(classes=_base_.thumos_classes), background=dict(shortest_gap_sec=16 / 15),
    gvf=dict(file='features/gvf_r2plus1d_thumos.npz'))
train_dataloader = dict(dataset=dict(dataset, subset='train'))
val_dataloader = dict(dataset=dict(dataset, subset='test'))
test_dataloader = val_dataloader

optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(cls_head=dict(lr_mult=40))))
