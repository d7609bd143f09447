# ActionFormer on ActivityNet-v1.3, with two-stream I3D features.
#
#   python tools/train.py configs/actionformer_i3d_anet.py
#
# Paper:    54.29 / 36.71 / 8.24 at tIoU 0.5 / 0.75 / 0.95, average mAP 36.03 (the authors'
#           repository; the paper has 160 features a video and windows 11, 11, 11, 11, -1, -1)
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   0.3 GiB of activations, 0.5 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Features of 16 frames, side by side, at 25 frames a second, and annotations of the videos that have
# them, linked from the README at https://github.com/happyharrycn/actionformer_release:
#   data/anet_1.3/annotations/anet1.3_i3d_filtered.json
#   data/anet_1.3/i3d_features/v_QOlSCBRmfWY.npy ...       (snippets, 2048)
# CUHK's class scores, with which the published mAP is: as in actionformer_tsp_anet.py.
_base_ = './actionformer_tsp_anet.py'
from mmlofi.pipelines import change

ann_file = 'data/anet_1.3/annotations/anet1.3_i3d_filtered.json'
dataset = dict(ann_file=ann_file, data_prefix=dict(
    feature='{{$LOFI_FEATURES:data/anet_1.3/i3d_features}}'))
change(_base_, 'LoadSnippetFeatures', feat_dim=2048, fps=25)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dict(dataset, pipeline=_base_.val_dataloader.dataset.pipeline))
val_evaluator = dict(ann_file=ann_file)
test_evaluator = val_evaluator

model = dict(head=dict(in_channels=2048), class_scores=dict(in_channels=2048))
