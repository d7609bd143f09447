# Arrow of Time: from scratch, whether one of ACP's trimmed clips is played forwards or backwards.
#
#   python tools/train.py configs/toy/arrow_toy.py
#
# 720 updates (60 epochs of 12, from 200 clips at both rates) of as many pixels as those of
# lofi_toy.py.
_base_ = './acp_toy.py'

rates = (1, -1)
model = dict(cls_head=dict(num_classes=len(rates), topk=(1,)))

play = dict(type='PlaybackRate', rates=rates, clip_len=_base_.clip_len,
            frame_interval=_base_.frame_interval)
show = [dict(type='DecodeSnippets'),
        dict(type='Resize', scale=(_base_.side, _base_.side), keep_ratio=False)]
pack = [dict(type='FormatShape', input_format='NCTHW'), dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=_base_.pretraining.batch_size, drop_last=True,
    sampler=dict(type='SeededSampler', group=len(rates)),     # both rates of a stretch in a batch
    dataset=dict(type='PlaybackDataset', pipeline=[
        dict(type='OpenVideo'), play, *show, dict(type='Flip', flip_ratio=0.5), *pack]))
val_dataloader = dict(dataset=dict(type='PlaybackDataset', pipeline=[
    dict(type='OpenVideo'), dict(play, test_mode=True), *show, *pack]))
test_dataloader = val_dataloader
val_evaluator = dict(metric_list='top_k_accuracy',
                     metric_options=dict(top_k_accuracy=dict(topk=(1,))))
test_evaluator = val_evaluator

max_epochs = _base_.pretraining.epochs.arrow
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
default_hooks = dict(checkpoint=dict(interval=10))
auto_scale_lr = dict(base_batch_size=_base_.pretraining.batch_size)
