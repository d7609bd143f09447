# Stage 1, TSP with the paper's TSM-R18 on THUMOS14: clips of 8 frames at 15 a second, every 2nd, which
# is the snippet of lofi_tsm_thumos.py.
#
#   bash tools/dist_train.sh configs/tsp_tsm_thumos.py 2
#
# Then LoFi: lofi_tsp_tsm_thumos.py.
# Paper:    no such row
# Ours:     not run
# GPUs:     2 x 32 clips
# Memory:   as tsp_tsm_anet.py
# Hours:    not run
_base_ = ['./tsp_tsm_anet.py', '_base_/thumos_classes.py']
from mmlofi.pipelines import change

model = dict(cls_head=dict(num_classes=20))
change(_base_, 'ClipInSegment', fps=15)
dataset = dict(
    data_root='data/thumos14/', ann_file='thumos_gt.json', filename_tmpl='{}.mp4',
    metainfo=dict(classes=_base_.thumos_classes), background=dict(shortest_gap_sec=16 / 15),
    gvf=dict(file='features/gvf_tsm_thumos.npz'))
train_dataloader = dict(dataset=dict(dataset, subset='train'))
val_dataloader = dict(dataset=dict(dataset, subset='test'))
test_dataloader = val_dataloader

optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(cls_head=dict(lr_mult=40))))
