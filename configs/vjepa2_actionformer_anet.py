# ActionFormer on features of V-JEPA 2, frozen.
#
#   python tools/extract_features.py configs/vjepa2_anet.py --out features/vjepa2_anet
#   python tools/train.py configs/vjepa2_actionformer_anet.py
#
# LOFI_FEATURES=features/vjepa2_lora_anet takes those of vjepa2_lora_anet.py.
# Paper:    no such row
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory, hours: not run
_base_ = './actionformer_tsm_anet.py'

model = dict(head=dict(in_channels=1024), class_scores=dict(in_channels=1024))
data_prefix = dict(feature='{{$LOFI_FEATURES:features/vjepa2_anet}}')
pipeline = [dict(type='LoadSnippetFeatures', num_snippets=100, expected=dict(side=256)),
            dict(type='PackTALInputs')]
train_dataloader = dict(dataset=dict(data_prefix=data_prefix, pipeline=pipeline))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix, pipeline=pipeline))
test_dataloader = val_dataloader
