# Stage 2 on HACS-v1.1, the method: TSM-R18 and a G-TAD head through S -> T -> ST.
#
#   bash tools/dist_train.sh configs/lofi_tsm_hacs.py 4
#
# needs the encoder of stage 1 (acp_tsm_kinetics.py) at `load_from`. Then stage 3: gtad_tsm_hacs.py.
# Paper:    Long C-LoFi, 37.78 / 24.40 / 7.29 at tIoU 0.5 / 0.75 / 0.95, average mAP 24.64
# Ours:     not run
# GPUs, memory: as lofi_tsm_anet.py
# Hours:    not run; 3.8 times as many steps as there
_base_ = ['_base_/default_runtime.py', '_base_/hacs_videos.py', '_base_/gtad.py',
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
