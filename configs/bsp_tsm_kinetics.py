# After the idea of BSP: TSM-R18 tells which of four kinds of boundary was stitched into a clip of
# Kinetics-400.
#
#   bash tools/dist_train.sh configs/bsp_tsm_kinetics.py 8
#
# Neither code nor settings of BSP are public: the kinds are the paper's, all else is a choice of ours
# (docs/playback.md). Extraction and features beside ACP's as of arrow_tsm_kinetics.py.
# Paper:    BSP's: beside ACP, average mAP 34.75; it is not this recipe
# Ours:     not run
# GPUs:     8 x 16 clips
# Memory:   3.0 GiB of activations a GPU (computed, not measured)
# Hours:    not run
_base_ = './arrow_tsm_kinetics.py'

model = dict(cls_head=dict(num_classes=4))

stitch = dict(type='StitchBoundary', clip_len=8, intervals=(4, 8, 16), height=256, width=340)
train_dataloader = dict(
    sampler=dict(group=4),     # the four kinds of a video in a batch
    dataset=dict(type='StitchDataset', pipeline=[stitch, *_base_.train_pipeline[3:]]))
val_dataloader = dict(dataset=dict(
    type='StitchDataset', pipeline=[stitch, *_base_.val_pipeline[3:]]))
test_dataloader = dict(dataset=dict(
    type='StitchDataset', pipeline=[stitch, *_base_.val_pipeline[3:]]))
