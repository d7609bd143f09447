# ActivityNet-v1.3 as TSP's clips: 16 frames at 15 a second, five of each segment, of action or of
# background; the whole frame becomes 128 x 171, its aspect not kept, and the crop 112.
#
# data/activitynet/activity_net.v1-3.json
# data/activitynet/videos/v_QOlSCBRmfWY.mp4 ...
# features/gvf_r2plus1d_anet.npz               of each video one vector, by tools/make_gvf.py
_base_ = './anet_classes.py'

clip = dict(type='ClipInSegment', clip_len=16, fps=15, clips_per_segment=5)
resize = dict(type='ResizeWholeFrame', height=128, width=171)
pack = dict(type='PackActionInputs', algorithm_keys=('region_label', 'gvf'))
train_pipeline = [
    dict(type='OpenVideo'), clip, dict(type='DecodeSnippets'), resize,
    dict(type='Flip', flip_ratio=0.5), dict(type='RandomCrop', size=112),
    dict(type='FormatShape', input_format='NCTHW'), pack]
val_pipeline = [
    dict(type='OpenVideo'), clip, dict(type='DecodeSnippets'), resize,
    dict(type='CropCentre', size=112), dict(type='FormatShape', input_format='NCTHW'), pack]

dataset = dict(
    type='TSPDataset', data_root='data/activitynet/', ann_file='activity_net.v1-3.json',
    data_prefix=dict(video='videos'), filename_tmpl='v_{}.mp4',
    metainfo=dict(classes=_base_.anet_classes),
    background=dict(shortest_gap_sec=80 / 15),      # five clips
    gvf=dict(file='features/gvf_r2plus1d_anet.npz', feat_dim=512))
train_dataloader = dict(
    batch_size=32, num_workers=8, persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32, num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', pipeline=val_pipeline, test_mode=True))
test_dataloader = val_dataloader
