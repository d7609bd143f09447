# TSP: the encoder of ACP tells the class of clips of the untrimmed videos, and action from background.
#
#   python tools/train.py configs/toy/tsp_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# The global features are those that make_gvf.py makes of ACP's features; TOY_GVF names their file.
# The compute of lofi_toy.py: 720 updates (10 epochs of 72, from 462 segments of action or background),
# each of as many pixels, as acp_plus_toy.py. Optimizer and schedule are stage 1's, not TSP's.
_base_ = './acp_toy.py'

model = dict(cls_head=dict(
    _delete_=True, type='TSPHead', num_classes=_base_.num_classes, in_channels=_base_.feat_dim,
    gvf_channels=_base_.feat_dim))

# Clips as stage 1's: 4 frames, every 2nd of 10 a second.
read = [dict(type='OpenVideo', short_side=_base_.side),
        dict(type='ClipInSegment', clip_len=_base_.clip_len, fps=10 / _base_.frame_interval,
             clips_per_segment=_base_.pretraining.clips_per_segment),
        dict(type='DecodeSnippets')]
pack = [dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs', algorithm_keys=('region_label', 'gvf'))]
dataset = dict(
    type='TSPDataset', ann_file=_base_.ann_file,
    data_prefix=dict(video=_base_.data_root + '/videos'),
    background=dict(shortest_gap_sec=1.5),      # as long as the shortest action
    gvf=dict(file='{{$TOY_GVF:features/toy_gvf.npz}}', feat_dim=_base_.feat_dim))
train_dataloader = dict(
    batch_size=_base_.pretraining.batch_size, drop_last=True, sampler=dict(type='SeededSampler'),
    dataset=dict(dataset, _delete_=True, subset='training',
                 pipeline=[*read, dict(type='Flip', flip_ratio=0.5), *pack]))
val_dataloader = dict(
    dataset=dict(dataset, _delete_=True, subset='validation', test_mode=True,
                 pipeline=[*read, *pack]))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='TSPMetric')
test_evaluator = val_evaluator

max_epochs = _base_.pretraining.epochs.tsp
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=_base_.pretraining.batch_size)
