# ActionFormer on Ego4D's Moment Queries, with features of EgoVLP.
#
#   python tools/train.py configs/actionformer_egovlp_ego4d.py
#
# Paper:    26.84 / 23.86 / 20.57 / 17.19 / 14.54 at tIoU 0.1 to 0.5, average mAP 20.60; Recall@1x
#           at tIoU 0.5 37.12 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.4 GiB of activations, 0.6 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Features as actionformer_slowfast_ego4d.py has them, a row every 16 frames of the same clips:
#   data/ego4d/egovlp_features/CLIP_UID.npy ...        (snippets, 256)
_base_ = './actionformer_slowfast_ego4d.py'
from mmlofi.pipelines import change

change(_base_, 'LoadSnippetFeatures', feat_dim=256, feature_len=16)
change(_base_.train_dataloader, 'RandomTruncation', offset=0.5)
dataset = dict(data_prefix=dict(feature='{{$LOFI_FEATURES:data/ego4d/egovlp_features}}'))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)

# Eight levels.
model = dict(head=dict(
    in_channels=256, backbone=dict(embed_dim=384, arch=(2, 2, 7)),
    targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 128), (64, 256),
                         (128, 10000)))))
