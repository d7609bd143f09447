# Stage 1, TSP with the paper's TSM-R18: clips of LoFi's snippet, 8 frames, every 8th, at 224.
#
#   bash tools/dist_train.sh configs/tsp_tsm_anet.py 2
#
# needs the encoder of acp_tsm_kinetics.py at `load_from`, and the global feature of each video, of
# that encoder, at `gvf`: docs/tsp.md has the commands. Then stage 3, tsp_gtad_tsm_anet.py, or LoFi,
# lofi_tsp_tsm_anet.py. All but encoder, clip and frames is TSP's recipe.
# Paper:    no such row
# Ours:     not run
# GPUs:     2 x 32 clips
# Memory:   6.0 GiB of activations a GPU (computed, not measured)
# Hours:    not run
_base_ = ['_base_/tsp_schedule.py', '_base_/tsp_anet.py', 'mmaction::_base_/models/tsm_r50.py']

model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(_base_.model.backbone, depth=18, num_segments=8,
                  pretrained=None, pretrained2d=False),     # the weights come by load_from
    cls_head=dict(type='TSPHead', num_classes=200, in_channels=512, gvf_channels=512),
    data_preprocessor=dict(_base_.model.data_preprocessor, format_shape='NCHW'))
load_from = 'checkpoints/acp_tsm_kinetics.pth'

# 3.75 frames a second are every 8th of a video of 30: 64 frames, as extraction takes them.
read = [dict(type='OpenVideo', short_side=256), dict(_base_.clip, clip_len=8, fps=3.75),
        dict(type='DecodeSnippets'), dict(type='Resize', scale=(-1, 256))]
pack = [dict(type='FormatShape', input_format='NCHW'), _base_.pack]
gvf = dict(file='features/gvf_tsm_anet.npz')
train_dataloader = dict(dataset=dict(gvf=gvf, pipeline=[
    *read, dict(type='Flip', flip_ratio=0.5), dict(type='RandomCrop', size=224), *pack]))
val_dataloader = dict(dataset=dict(gvf=gvf, pipeline=[
    *read, dict(type='CenterCrop', crop_size=224), *pack]))
test_dataloader = val_dataloader

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone.conv1': dict(lr_mult=0)}))
