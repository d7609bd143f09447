# Stage 2 on THUMOS14: TSM-R18 and a G-TAD head on windows of 256 snippets, through S -> T -> ST.
#
#   bash tools/dist_train.sh configs/lofi_tsm_thumos.py 4
#
# needs the encoder of stage 1 (acp_tsm_kinetics.py) at `load_from`. Then stage 3: gtad_tsm_thumos.py.
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 2 windows, 2 steps a weight update
# Memory:   12 GiB of activations a window at each fidelity, 24 GiB a GPU (ActivityNet's computed
#           4.7 GiB times 256 / 100 snippets)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/thumos_videos.py', '_base_/gtad_thumos.py',
          '_base_/lofi_schedule.py', 'mmaction::_base_/models/tsm_r50.py']

model = dict(
    _delete_=True,
    type='EndToEndLocalizer',
    backbone=dict(_base_.model.backbone, depth=18, num_segments=8,
                  pretrained=None, pretrained2d=False),     # the weights come by load_from
    encoder=dict(norm=_base_.norm),
    head=dict(_base_.gtad_head, in_channels=512),
    nms=_base_.nms,
    class_scores=dict(_base_.class_scores, in_channels=512),
    data_preprocessor=dict(_base_.model.data_preprocessor, format_shape='NCTHW'))
load_from = 'checkpoints/acp_tsm_kinetics.pth'

custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2),                       # 256 snippets, side 112
    dict(name='T', temporal=4),                      #  64 snippets, side 224
    dict(name='ST', temporal=2, spatial=2**0.5)])]   # 128 snippets, side 158

# 16 windows an update: 4 GPUs x 2 windows x 2 steps.
optim_wrapper = dict(accumulative_counts=2, clip_grad=dict(max_norm=1))   # clipped as in stage 3
auto_scale_lr = dict(base_batch_size=8)     # 4 GPUs x 2; it does not know of the 2 steps
