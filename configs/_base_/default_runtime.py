# What every mmlofi config shares: MMAction2's runtime, and mmlofi registered into it.
#
# At least 2 checkpoints are kept: MMEngine deletes before it saves, so that with 1 a run that is
# killed while saving has nothing to resume from.
_base_ = 'mmaction::_base_/default_runtime.py'

custom_imports = dict(imports=['mmlofi'], allow_failed_imports=False)
default_hooks = dict(
    cost=dict(type='CostHook'),
    checkpoint_fit=dict(type='CheckpointFitHook'),
    logger=dict(interval=20),
    checkpoint=dict(interval=1, max_keep_ckpts=2, save_best='mAP', rule='greater'))
