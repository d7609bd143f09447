# EPIC-Kitchens-100 as SlowFast features of whole videos, for one-stage heads: 32 frames, every 16.
#
# data/epic/verbs.json, data/epic/verbs.txt           annotations; the 97 classes in official order
# data/epic/nouns.json, data/epic/nouns.txt           the same of 300 nouns
# features/slowfast_epic/P01_01.npz ...               (snippets, 2304), as ActionFormer publishes them
#
# From the official files, of the verbs:
#   python tools/convert_annotations.py epic EPIC_100_train.csv EPIC_100_validation.csv --kind verb \
#       --classes EPIC_100_verb_classes.csv --video-info EPIC_100_video_info.csv \
#       --out data/epic/verbs.json
#   python -c "import csv; print(*[row['key'] for row in csv.DictReader(
#       open('EPIC_100_verb_classes.csv'))][:97], sep='\n')" > data/epic/verbs.txt
# and of the nouns with --kind noun, EPIC_100_noun_classes_v2.csv and its first 300.
ann_file, classes = 'data/epic/verbs.json', 'data/epic/verbs.txt'
max_seq_len = 2304     # 20 minutes, which training cuts longer videos to; testing takes them whole

# Of neighbouring levels, overlapping: an action may be found on two.
epic_ranges = [(0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000)]
load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2304, feature_stride=16,
            feature_len=32, fps=30)
train_pipeline = [
    load,
    dict(type='RandomTruncation', max_seq_len=max_seq_len, trunc_thresh=0.3),
    dict(type='PadFeatures', max_seq_len=max_seq_len),
    dict(type='PackTALInputs', clip=False)]
dataset = dict(type='UntrimmedVideoDataset', ann_file=ann_file, filename_tmpl='{}.npz',
               data_prefix=dict(feature='features/slowfast_epic'),
               metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=2,      # on one GPU
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,      # since each has a length of its own
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', test_mode=True,
                 pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='validation',
                     tious='0.1:0.5:0.1')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
