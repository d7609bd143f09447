# Stage 2 with R(2+1)D-18, at T-LoFi alone, as in the paper.
#
#   bash tools/dist_train.sh configs/lofi_r2plus1d_anet.py 4
#
# Its stage 1 is acp_r2plus1d_kinetics.py: MMAction2 publishes no R(2+1)D-18 (an R34 it does:
# depth=34 in the backbone). Its stage 3 is gtad_r2plus1d_anet.py.
# Paper:    R(2+1)D-18, T-LoFi, average mAP 34.21 (33.55 without LoFi)
# Ours:     not run
# GPUs:     4 x 2 videos, 2 steps a weight update
# Memory:   8.8 GiB of activations a video, 18 GiB a GPU (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/anet_videos.py', '_base_/gtad.py',
          '_base_/lofi_schedule.py', 'mmaction::_base_/models/r2plus1d_r34.py']

model = dict(
    _delete_=True,
    type='EndToEndLocalizer',
    backbone=dict(_base_.model.backbone, depth=18,
                  norm_cfg=dict(_base_.model.backbone.norm_cfg, type='BN3d')),   # not SyncBN
    encoder=dict(norm=_base_.norm),
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512),
    data_preprocessor=_base_.model.data_preprocessor)
load_from = 'checkpoints/acp_r2plus1d_kinetics.pth'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='T', temporal=4)])]

# Its snippet is not stated; the 8 frames, every 8th, of all others here. 16 videos an update:
# 4 GPUs x 2 videos x 2 steps.
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(accumulative_counts=2)
auto_scale_lr = dict(base_batch_size=8)     # 4 GPUs x 2; it does not know of the 2 steps
