# Stage 3: G-TAD's recipe on ActivityNet. LoFi searches lr in {2e-4, 5e-4, 1e-3, 2e-3, 5e-3} for
# each encoder and does not state what won; 4e-3 is G-TAD's own. Search with
#     --cfg-options optim_wrapper.optimizer.lr=2e-3
train_cfg = dict(type='FidelityTrainLoop', max_epochs=10, val_interval=1)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=4e-3, weight_decay=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[5], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(enable=False, base_batch_size=16)   # 1 GPU x 16
