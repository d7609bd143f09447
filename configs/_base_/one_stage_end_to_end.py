# What stage 2 with a one-stage head has in place of _base_/lofi_schedule.py: AdamW, since LoFi's SGD
# of 0.1 trains no transformer, at a tenth of the head's rate in the encoder (published recipes have
# 1 to 1/100: OpenTAD), 15 epochs by the cosine after one of warm-up.
no_decay = dict(decay_mult=0)
one_stage_optim = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=1), constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(bias_decay_mult=0, norm_decay_mult=0, custom_keys={
        'norm': no_decay, '.ln': no_decay, '.gn': no_decay, 'scale': no_decay,
        # Of a ResNet as the encoder, with all of its weights decaying, as in LoFi's schedule; the
        # head's own `backbone` has no such parts. Of another encoder, name its parts here.
        'backbone.layer': dict(lr_mult=0.1), 'backbone.conv1': dict(lr_mult=0.1)}))
one_stage_schedulers = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=1, by_epoch=True,
         convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-8, begin=1, end=15, by_epoch=True,
         convert_to_iter_based=True)]
