# Stage 2, the method: TSM-R18 and a G-TAD head trained end to end through S -> T -> ST.
#
#   bash tools/dist_train.sh configs/lofi_tsm_anet.py 4
#
# needs the encoder of stage 1 (acp_tsm_kinetics.py) at `load_from`. Then stage 3: gtad_tsm_anet.py.
# Paper:    Long C-LoFi, 50.68 / 35.16 / 8.16 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.49
# Ours:     not run
# GPUs:     4 x 4 videos, in the paper V100 32 GB
# Memory:   4.7 GiB of activations a video at each fidelity, 19 GiB a GPU (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/anet_videos.py', '_base_/gtad.py',
          '_base_/lofi_schedule.py', 'mmaction::_base_/models/tsm_r50.py']

model = dict(
    _delete_=True,
    type='EndToEndLocalizer',
    backbone=dict(_base_.model.backbone, depth=18, num_segments=8,
                  pretrained=None, pretrained2d=False),     # the weights come by load_from
    encoder=dict(norm=_base_.norm),
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512),
    data_preprocessor=dict(_base_.model.data_preprocessor, format_shape='NCTHW'))
load_from = 'checkpoints/acp_tsm_kinetics.pth'

custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2),                       # 100 snippets, side 112
    dict(name='T', temporal=4),                      #  25 snippets, side 224
    dict(name='ST', temporal=2, spatial=2**0.5)])]   #  50 snippets, side 158
