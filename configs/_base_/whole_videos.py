# Loaders of features of whole videos, a position every few frames, for one-stage heads: in training
# random parts padded to one length, in testing a video at a time as long as it is.
train_dataloader = dict(
    batch_size=2,      # on one GPU
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(type='UntrimmedVideoDataset'))
val_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='UntrimmedVideoDataset', test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(type='TALMetric')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
