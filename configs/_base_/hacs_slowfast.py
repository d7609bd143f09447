# HACS-v1.1 Segments as SlowFast features of whole videos, for one-stage heads: of 32 frames, every 8,
# at 15 frames a second. The SlowFast was trained on HACS.
#
# data/hacs/HACS_segments_v1.1.1.json
# features/slowfast_hacs/--0edUL8zmA.npy ...          (snippets, 2304)
#
# They are published as a pickle a video, which can run any code and is not read here. Where you
# trust its makers: numpy.save('NAME.npy', numpy.asarray(pickle.load(open('NAME.pkl', 'rb')))).
_base_ = './hacs_features.py'

max_seq_len = 960      # 8.5 minutes
load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2304, feature_stride=8,
            feature_len=32, fps=15)
train_pipeline = [
    load,
    dict(type='RandomTruncation', max_seq_len=max_seq_len, trunc_thresh=0.5),
    dict(type='PadFeatures', max_seq_len=max_seq_len),
    dict(type='PackTALInputs', clip=False)]
stored = dict(data_prefix=dict(feature='features/slowfast_hacs'), filename_tmpl='{}.npy')
train_dataloader = dict(batch_sampler=dict(drop_last=True),
                        dataset=dict(stored, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,      # since each has a length of its own
    dataset=dict(stored, pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
