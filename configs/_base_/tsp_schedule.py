# TSP, stage 1: 8 epochs of SGD with the authors' rates; the epoch with the best mean accuracy is kept.
#
# The rate of the first layers is nothing, though their batch norm follows the data; that of the rest
# is 1e-4 and that of the heads 2e-3 (THUMOS14: 4e-3) a GPU, all times the authors' 2 GPUs. Warm-up
# over two epochs, then a hundredth after each of epochs 4 and 6.
_base_ = './default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = dict(type='TSPMetric')
test_evaluator = val_evaluator

first_layers, heads = dict(lr_mult=0), dict(lr_mult=20)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=2e-4, momentum=0.9, weight_decay=5e-3),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(custom_keys={'cls_head': heads, 'backbone.stem': first_layers}))
param_scheduler = [
    dict(type='WarmUpLR', start_factor=1e-5, end=2, convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[4, 6], gamma=0.01)]
auto_scale_lr = dict(enable=False, base_batch_size=64)   # 2 GPUs x 32

custom_hooks = [dict(type='TSPCheckpointHook')]          # the authors' files, in load_from
default_hooks = dict(checkpoint=dict(save_best='acc/mean'))
