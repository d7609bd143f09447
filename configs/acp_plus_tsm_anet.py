# Stage 1 goes on: ACP+, TSM-R18 classifies ActivityNet's own segments after Kinetics.
#
#   bash tools/dist_train.sh configs/acp_plus_tsm_anet.py 8
#
# needs the encoder of acp_tsm_kinetics.py at `load_from`. Clips are cut from the untrimmed videos,
# by the annotation file that stage 2 reads; scored is the accuracy on validation's segments. Then
# stage 3: acp_plus_gtad_tsm_anet.py.
# Paper:    its recipe is not stated. Here that of stage 1, at a tenth of its learning rate
# Ours:     not run
# GPUs:     8 x 16 clips
# Memory:   3.0 GiB of activations a GPU (computed, not measured)
# Hours:    not run
_base_ = ['./acp_tsm_kinetics.py', '_base_/anet_classes.py']

model = dict(backbone=dict(pretrained=None, pretrained2d=False),   # the weights come by load_from
             cls_head=dict(num_classes=200))
load_from = 'checkpoints/acp_tsm_kinetics.pth'

# MMAction2's pipelines after the video was opened, on the frames of a segment alone.
read = [dict(type='OpenVideo', short_side=256), dict(type='TrimToSegment')]
segments = dict(_delete_=True, type='SegmentDataset', data_root='data/activitynet/',
                ann_file='activity_net.v1-3.json', data_prefix=dict(video='videos'),
                filename_tmpl='v_{}.mp4', metainfo=dict(classes=_base_.anet_classes))
train_dataloader = dict(dataset=dict(
    segments, subset='training', pipeline=read + _base_.train_pipeline[1:]))
val_dataloader = dict(dataset=dict(
    segments, subset='validation', pipeline=read + _base_.val_pipeline[1:], test_mode=True))
test_dataloader = dict(dataset=dict(
    segments, subset='validation', pipeline=read + _base_.test_pipeline[1:], test_mode=True))

optim_wrapper = dict(optimizer=dict(lr=0.002))
default_hooks = dict(checkpoint_fit=dict(type='CheckpointFitHook'), cost=dict(type='CostHook'))
