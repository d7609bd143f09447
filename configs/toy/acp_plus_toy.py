# Stage 1 goes on: ACP+, classification of the target's own segments, from the annotations of the
# untrimmed videos.
#
#   python tools/train.py configs/toy/acp_plus_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# The compute of lofi_toy.py: 720 updates (120 epochs of 6, from 202 segments), each of as many
# pixels: 32 clips of 4 frames at the full side; there a quarter of 4 videos x 32 snippets x 4
# frames. 5 minutes on 1 CPU core. Expected after stage 3: docs/procedural_results.md.
_base_ = './acp_toy.py'

read = [dict(type='OpenVideo'), dict(type='TrimToSegment')]
dataset = dict(type='SegmentDataset', ann_file=_base_.ann_file,
               data_prefix=dict(video=_base_.data_root + '/videos'))
train_dataloader = dict(
    batch_size=_base_.pretraining.batch_size, drop_last=True,
    dataset=dict(dataset, _delete_=True, subset='training',
                 pipeline=[*read, *_base_.train_pipeline[1:]]))
val_dataloader = dict(
    dataset=dict(dataset, _delete_=True, subset='validation', test_mode=True,
                 pipeline=[*read, *_base_.val_pipeline[1:]]))
test_dataloader = val_dataloader

max_epochs = _base_.pretraining.epochs.acp_plus
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
default_hooks = dict(checkpoint=dict(interval=10))
auto_scale_lr = dict(base_batch_size=_base_.pretraining.batch_size)
