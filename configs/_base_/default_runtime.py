# What every mmlofi config shares: MMAction2's runtime, and mmlofi registered into it.
#
# A checkpoint is written after each epoch, and in stages 2 and 3 within it every 10 minutes and when
# a scheduler warns of a preemption (docs/clusters.md):
#     --cfg-options default_hooks.preemption.every_min=30
#
# Time lines of validation videos as pictures, beside the scalars:
#     --cfg-options default_hooks.visualization.enable=True
# They go where the visualizer writes, vis_data/vis_image in the work dir; into TensorBoard with
#     vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
#     visualizer = dict(vis_backends=vis_backends)
# in a config that inherits this one (pip install tensorboard).
_base_ = 'mmaction::_base_/default_runtime.py'

custom_imports = dict(imports=['mmlofi'], allow_failed_imports=False)
default_hooks = dict(
    cost=dict(type='CostHook'),
    checkpoint_fit=dict(type='CheckpointFitHook'),
    logger=dict(interval=20),
    visualization=dict(type='TALVisualizationHook', enable=False),
    norm_statistics=dict(type='NormStatisticsHook'),
    bad_videos=dict(type='BadVideosHook'),
    class_scores=dict(type='ClassScoresHook'),
    checkpoint=dict(type='AtomicCheckpointHook', interval=1, max_keep_ckpts=2, save_best='mAP',
                    rule='greater'),
    preemption=dict(type='PreemptionHook'))
log_processor = dict(type='FidelityLogProcessor')
