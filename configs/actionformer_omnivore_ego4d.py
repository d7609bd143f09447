# ActionFormer on Ego4D's Moment Queries, with features of Omnivore.
#
#   python tools/train.py configs/actionformer_omnivore_ego4d.py
#
# Paper:    23.87 / 20.78 / 18.39 / 15.33 / 12.65 at tIoU 0.1 to 0.5, average mAP 18.20; Recall@1x
#           at tIoU 0.5 33.57 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   0.5 GiB of activations, 0.9 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Features as actionformer_slowfast_ego4d.py has them, a row every 16 frames of the same clips:
#   data/ego4d/omnivore_features/CLIP_UID.npy ...        (snippets, 1536)
_base_ = './actionformer_slowfast_ego4d.py'
from mmlofi.pipelines import change

change(_base_, 'LoadSnippetFeatures', feat_dim=1536)
dataset = dict(data_prefix=dict(feature='{{$LOFI_FEATURES:data/ego4d/omnivore_features}}'))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)

# Eight levels.
model = dict(head=dict(
    in_channels=1536, backbone=dict(arch=(2, 2, 7)),
    targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 128), (64, 256),
                         (128, 10000)))))
