# EPIC-Kitchens-100 as SlowFast features of 32 frames, every 16th, at 30 frames a second,
# (snippets, 2304), as epic_kitchens.tar.gz of ActionFormer's README has them:
#
# data/epic_kitchens/annotations/epic_kitchens_100_verb.json and epic_kitchens_100_noun.json
# data/epic_kitchens/annotations/verb_classes.txt           all 97 names, one a line, in their order
# data/epic_kitchens/features/P01_01.npz ...
#
# LOFI_FEATURES in the environment names another folder. The names of classes are those of
# https://github.com/epic-kitchens/epic-kitchens-100-annotations, which not all videos together have:
#     tail -n +2 EPIC_100_verb_classes.csv | cut -d, -f2 | tr -d '"' > verb_classes.txt
# and likewise of the 300 nouns, as noun_classes.txt. They have to be the names in the annotations:
# those of the archive are of EPIC_100_noun_classes.csv; annotations that tools/convert_annotations.py
# makes anew (docs/data_sets.md) have those of the file that it is given, such as the second version.
_base_ = './whole_videos.py'

feature_root = '{{$LOFI_FEATURES:data/epic_kitchens/features}}'
ann_file = 'data/epic_kitchens/annotations/epic_kitchens_100_verb.json'

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2304, layout='LC',
            feature_stride=16, feature_len=32, fps=30)
train_pipeline = [load, dict(type='RandomTruncation', max_seq_len=2304, trunc_thresh=0.3, offset=1),
                  dict(type='PadFeatures', max_seq_len=2304),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='{}.npz',
               metainfo=dict(classes='data/epic_kitchens/annotations/verb_classes.txt'))
train_dataloader = dict(dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, subset='validation',
                                   pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='validation', tious='0.1:0.5:0.1')
test_evaluator = val_evaluator
