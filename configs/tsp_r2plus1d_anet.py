# Stage 1, TSP: R(2+1)D-34 tells the class of clips of ActivityNet's videos, and action from
# background.
#
#   bash tools/dist_train.sh configs/tsp_r2plus1d_anet.py 2
#
# needs r2plus1d_34-tac_on_kinetics of TSP's releases at `load_from`, and the global feature of each
# video, of that encoder, at `gvf`: docs/tsp.md has the commands. Then stage 3,
# gtad_tsp_r2plus1d_anet.py, or LoFi, lofi_tsp_r2plus1d_anet.py.
# Paper:    G-TAD on its features, average mAP 35.81 (34.09 without TSP)
# Ours:     not run
# GPUs:     2 x 32 clips, in the paper V100 32 GB
# Memory:   24 GiB of activations a GPU (computed, not measured)
# Hours:    not run; 155,935 clips an epoch
_base_ = ['_base_/tsp_schedule.py', '_base_/tsp_anet.py']

model = dict(
    type='Recognizer3D',
    backbone=dict(type='TSPResNet2Plus1d'),
    cls_head=dict(type='TSPHead', num_classes=200, in_channels=512, gvf_channels=512),
    data_preprocessor=dict(      # of values from 0 to 255
        type='ActionDataPreprocessor', mean=[110.2008, 100.63983, 95.99475],
        std=[58.14765, 56.46975, 55.332195], format_shape='NCTHW'))
load_from = 'checkpoints/r2plus1d_34-tac_on_kinetics.pth'
