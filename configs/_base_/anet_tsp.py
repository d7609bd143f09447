# ActivityNet-v1.3 as TSP features of whole videos, for one-stage heads: of 16 frames, every 16, at 15
# frames a second. Lengths are the videos' own, up to 768.
#
# data/activitynet/activity_net.v1-3.json
# features/tsp_anet/v_QOlSCBRmfWY.npy ...             (snippets, 512), as ActionFormer publishes them
_base_ = './anet_features.py'

max_seq_len = 768      # 14 minutes
load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=512, feature_stride=16, fps=15)
train_pipeline = [
    load,
    dict(type='CleanSegments'),
    dict(type='RandomTruncation', max_seq_len=max_seq_len, trunc_thresh=0.5),
    dict(type='PadFeatures', max_seq_len=max_seq_len),
    dict(type='PackTALInputs', clip=False)]
stored = dict(data_prefix=dict(feature='features/tsp_anet'), filename_tmpl='{}.npy')
train_dataloader = dict(batch_sampler=dict(drop_last=True),
                        dataset=dict(stored, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,      # since each has a length of its own
    dataset=dict(stored, pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
