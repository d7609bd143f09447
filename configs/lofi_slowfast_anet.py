# Stage 2 with SlowFast-R50. Its stage 1 is MMAction2's published checkpoint, loaded from the net.
#
#   bash tools/dist_train.sh configs/lofi_slowfast_anet.py 4
#
# Stage 3 is gtad_tsm_anet.py with 2304 channels (configs/README.md).
# Paper:    no such row; its best encoder is TSM-R50 with average mAP 34.96
# Ours:     not run
# GPUs:     4 x 1 video, 4 steps a weight update
# Memory:   17 GiB of activations a video and GPU at each fidelity (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/anet_videos.py', '_base_/gtad.py',
          '_base_/lofi_schedule.py', 'mmaction::_base_/models/slowfast_r50.py']
from mmlofi.pipelines import change

model = dict(
    _delete_=True,
    type='EndToEndLocalizer',
    backbone=_base_.model.backbone,
    encoder=dict(norm=_base_.norm),
    head=dict(_base_.gtad_head, in_channels=2304),     # 2048 slow + 256 fast
    class_scores=dict(_base_.class_scores, in_channels=2304),
    data_preprocessor=_base_.model.data_preprocessor)
load_from = ('https://download.openmmlab.com/mmaction/v1.0/recognition/slowfast/'
             'slowfast_r50_8xb8-4x16x1-256e_kinetics400-rgb/'
             'slowfast_r50_8xb8-4x16x1-256e_kinetics400-rgb_20220901-701b0f6f.pth')

# The paper's snippet of 64 consecutive frames: 32, every 2nd, as stage 1; the slow path sees 4.
change(_base_, 'SampleSnippets', clip_len=32, frame_interval=2)

custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2),
    dict(name='T', temporal=4),
    dict(name='ST', temporal=2, spatial=2**0.5)])]

# 16 videos an update as in the paper: 4 GPUs x 1 video x 4 steps.
train_dataloader = dict(batch_size=1)
optim_wrapper = dict(accumulative_counts=4)
auto_scale_lr = dict(base_batch_size=4)     # 4 GPUs x 1; it does not know of the 4 steps
