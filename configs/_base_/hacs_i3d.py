# HACS-v1.1 Segments as I3D features of whole videos, for one-stage heads: two a second.
#
# data/hacs/HACS_segments_v1.1.1.json
# features/i3d_hacs/--0edUL8zmA.npy ...               (snippets, 2048)
_base_ = './hacs_features.py'

max_seq_len = 512      # 4 minutes
load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2048, feature_stride=1, fps=2)
train_pipeline = [
    load,
    dict(type='RandomTruncation', max_seq_len=max_seq_len, trunc_thresh=0.5),
    dict(type='PadFeatures', max_seq_len=max_seq_len),
    dict(type='PackTALInputs', clip=False)]
stored = dict(data_prefix=dict(feature='features/i3d_hacs'), filename_tmpl='{}.npy')
train_dataloader = dict(batch_sampler=dict(drop_last=True),
                        dataset=dict(stored, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,      # since each has a length of its own
    dataset=dict(stored, pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
