"""The authors' configuration of ActionFormer as arguments of the head."""
from __future__ import annotations


def settings(config: dict) -> dict:
    """From a whole configuration as the program resolved it."""
    model, train, test = (config[part] for part in ('model', 'train_cfg', 'test_cfg'))
    return dict(
        in_channels=model['input_dim'], num_classes=model['num_classes'],
        max_seq_len=model['max_seq_len'],
        backbone=dict(
            embed_dim=model['embd_dim'], arch=model['backbone_arch'],
            window=model['n_mha_win_size'], num_heads=model['n_head'],
            dropout=train['dropout'], drop_path=train['droppath'],
            positions=model['use_abs_pe'], relative_bias=model['use_rel_pe'],
            fpn_channels=model['fpn_dim'] if model['fpn_type'] == 'fpn' else None),
        towers=dict(channels=model['head_dim'], num_layers=model['head_num_layers'],
                    kernel_size=model['head_kernel_size'], empty_classes=train['head_empty_cls']),
        targets=dict(
            ranges=model['regression_range'],
            center_radius=train['center_sample_radius'] if train['center_sample'] == 'radius'
            else None),
        loss=dict(init_norm=train['init_loss_norm'], label_smoothing=train['label_smoothing'],
                  reg_weight=train['loss_weight']),
        candidates={name: test[name] for name in (
            'pre_nms_thresh', 'pre_nms_topk', 'duration_thresh')})
