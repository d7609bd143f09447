# After the idea of BSP: from scratch, which of four kinds of boundary was stitched into ACP's trimmed
# clips.
#
#   python tools/train.py configs/toy/bsp_toy.py
#
# 720 updates (29 epochs of 25, from 200 clips with each kind; 725 in all) of as many pixels as those of
# lofi_toy.py. The kinds are BSP's, all else is a choice of ours.
_base_ = './arrow_toy.py'

model = dict(cls_head=dict(num_classes=4))

stitch = dict(type='StitchBoundary', clip_len=_base_.clip_len, intervals=(1, 2, 4),
              height=_base_.side, width=_base_.side)
train_dataloader = dict(
    sampler=dict(group=4),     # the four kinds of a clip in a batch
    dataset=dict(type='StitchDataset', pipeline=[
        stitch, dict(type='Flip', flip_ratio=0.5), *_base_.pack]))
val_dataloader = dict(dataset=dict(type='StitchDataset', pipeline=[stitch, *_base_.pack]))
test_dataloader = val_dataloader

max_epochs = _base_.pretraining.epochs.bsp
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
