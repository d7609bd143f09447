# Stage 2 after TSP with its own encoder, R(2+1)D-34 at 112, through T -> ST.
#
#   bash tools/dist_train.sh configs/lofi_tsp_r2plus1d_anet.py 4
#
# needs the best checkpoint of tsp_r2plus1d_anet.py at `load_from`; TSP's published one serves as well:
# docs/tsp.md. Then stage 3: gtad_tsp_r2plus1d_anet.py. At 112 S would leave 56, too little for this
# encoder. Its batch norm follows the last batch (momentum 0.9), so that it has to be frozen.
# Paper:    no such row, in TSP's or LoFi's
# Ours:     not run
# GPUs:     4 x 1 video, 4 steps a weight update
# Memory:   19 GiB of activations a GPU at either fidelity (computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/anet_videos.py', '_base_/gtad.py',
          '_base_/lofi_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    backbone=dict(type='TSPResNet2Plus1d'),
    encoder=dict(norm='frozen'),
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[110.2008, 100.63983, 95.99475],
        std=[58.14765, 56.46975, 55.332195], format_shape='NCTHW'))
load_from = 'checkpoints/tsp_r2plus1d_anet.pth'

custom_hooks = [
    dict(type='LoFiCycleHook', cycle=[
        dict(name='T', temporal=4),                      # 25 snippets, side 112
        dict(name='ST', temporal=2, spatial=2**0.5)]),   # 50 snippets, side 80
    dict(type='TSPCheckpointHook')]                      # the authors' files, in load_from

# Snippets as TSP's clips, 16 frames at 15 a second: every 2nd of a video of 30.
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=[
    dict(type='OpenVideo', short_side=128),
    dict(type='SampleSnippets', num_snippets=100, clip_len=16, frame_interval=2,
         placement='jitter'),
    dict(type='DecodeSnippets'),
    dict(type='AtFidelity', transform=dict(type='Resize', scale=(171, 128), keep_ratio=False)),
    dict(type='AtFidelity', transform=dict(type='RandomCrop', size=112)),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]))
# Features as TSP's: clips side by side, whose number a video has.
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='OpenVideo'),
    dict(type='RegularClips', clip_len=16, fps=15, stride=16),
    dict(type='DecodeSnippets'),
    dict(type='ResizeWholeFrame', height=128, width=171),
    dict(type='CropCentre', size=112),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]))

# 16 videos an update: 4 GPUs x 1 video x 4 steps.
optim_wrapper = dict(accumulative_counts=4)
auto_scale_lr = dict(base_batch_size=4)     # 4 GPUs x 1; it does not know of the 4 steps
