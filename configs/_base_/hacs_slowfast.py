# HACS-v1.1 Segments as SlowFast-101 features of 32 frames, every 8th, at 15 frames a second,
# (snippets, 2304), of a SlowFast that was fine-tuned on HACS, as TCANet's authors gave them out and
# OpenTAD re-publishes them as npy:
#
# data/hacs/HACS_segments_v1.1.1.json
# data/hacs/slowfast_features/--0edUL8zmA.npy ...
#
# LOFI_FEATURES in the environment names another folder. Videos without features are to be taken out
# of the annotations: tools/check_dataset.py CONFIG --write-usable FILE.
_base_ = './whole_videos.py'

feature_root = '{{$LOFI_FEATURES:data/hacs/slowfast_features}}'
ann_file = 'data/hacs/HACS_segments_v1.1.1.json'

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2304, layout='LC',
            feature_stride=8, feature_len=32, fps=15)
train_pipeline = [load, dict(type='RandomTruncation', max_seq_len=960, offset=2),
                  dict(type='PadFeatures', max_seq_len=960),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='{}.npy')
train_dataloader = dict(batch_size=16,
                        dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, subset='validation',
                                   pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='validation', tious='0.5:0.95:0.05')
test_evaluator = val_evaluator

# The published mAP is with TCANet's class scores; this default needs no file.
class_scores = dict(type='VideoClassifier', num_classes=200)
