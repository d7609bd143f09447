# One-stage heads, ActionFormer and TriDet: AdamW whose rate grows from 0 in 5 epochs, and falls to 0
# by the cosine in 30 more, both step by step; gradients clipped to 1; validation, test and the
# weights in checkpoints are of the running mean of all weights.
#
# Other epochs, of which `end` counts those of the warm-up as well:
#     train_cfg = dict(max_epochs=15)
#     _base_.param_scheduler[1].update(end=15)
# Another warm-up, and a rate that stays above 0 at the end:
#     _base_.param_scheduler[0].update(end=20)
#     _base_.param_scheduler[1].update(begin=20, end=40, eta_min=5e-5)
#
# The authors score the last epoch, here epoch_35.pth, and not the best one.
train_cfg = dict(type='FidelityTrainLoop', max_epochs=35, val_interval=5)
no_decay = dict(decay_mult=0)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=1), constructor='GroupedOptimWrapperConstructor',
    # Convolutions alone decay: no bias, no norm, no scale, no table of relative positions.
    paramwise_cfg=dict(bias_decay_mult=0, norm_decay_mult=0, custom_keys={
        'norm': no_decay, '.ln': no_decay, '.gn': no_decay, 'scale': no_decay,
        'rel_pe': no_decay}))
param_scheduler = [
    # LinearLR divides by its start, so that it cannot be 0: the first rate is 1e-16.
    dict(type='LinearLR', start_factor=1e-12, begin=0, end=5, by_epoch=True,
         convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-8, begin=5, end=35, by_epoch=True,
         convert_to_iter_based=True)]
custom_hooks = [dict(type='ModelEMAHook', momentum=0.001)]   # 0.999 of the mean stays each step
auto_scale_lr = dict(enable=False, base_batch_size=2)   # 1 GPU x 2
