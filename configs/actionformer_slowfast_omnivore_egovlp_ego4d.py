# ActionFormer on Ego4D's Moment Queries, with features of SlowFast, Omnivore and EgoVLP.
#
#   python tools/train.py configs/actionformer_slowfast_omnivore_egovlp_ego4d.py
#
# Paper:    28.26 / 24.69 / 21.88 / 19.35 / 16.28 at tIoU 0.1 to 0.5, average mAP 22.09; Recall@1x
#           at tIoU 0.5 39.87 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   1.0 GiB of activations, 2.6 with weights and optimizer (computed, not measured)
# Hours:    not run
#
# Features as actionformer_slowfast_ego4d.py has them, a row every 16 frames of the same clips:
#   data/ego4d/slowfast_features/CLIP_UID.npy ...        (snippets, 2304)
#   data/ego4d/omnivore_features/CLIP_UID.npy ...        (snippets, 1536)
#   data/ego4d/egovlp_features/CLIP_UID.npy ...          (snippets, 256)
_base_ = './actionformer_slowfast_ego4d.py'

others = [dict(type='AppendFeatures', folder='data/ego4d/omnivore_features', feat_dim=1536,
               filename_tmpl='{}.npy', num_snippets=None, layout='LC'),
          dict(type='AppendFeatures', folder='data/ego4d/egovlp_features', feat_dim=256,
               filename_tmpl='{}.npy', num_snippets=None, layout='LC')]
train_dataloader = dict(dataset=dict(
    pipeline=[_base_.load, *others, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(
    pipeline=[_base_.load, *others, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader

# Eight levels.
model = dict(head=dict(
    in_channels=(2304, 1536, 256), backbone=dict(
        embed_dim=(256, 384, 384), num_heads=16, arch=(2, 2, 7)),
    targets=dict(ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 128), (64, 256),
                         (128, 10000)))))
