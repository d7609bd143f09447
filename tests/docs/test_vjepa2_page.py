"""The page about V-JEPA 2: a new user follows it, with small videos and one layer of weights."""
from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from kitchen import CLASSES, draw_actions, write_kitchen

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'vjepa2.md').read_text()
CONFIGS = dict(re.findall(r'```python\n# (configs/\w+\.py)\n(.+?)```', PAGE, re.DOTALL))
IMPORTED = ('transformers.models.vjepa2.modeling_vjepa2', 'peft')    # by its commands
# The first installs what has to be there.
COMMANDS = re.findall(r'```bash\n(.+?)```', PAGE, re.DOTALL)[1:]
VIDEOS = 6      # 5 to train on, 1 to score
TINY = dict(crop_size=32, patch_size=8, frames_per_clip=4, hidden_size=24, num_hidden_layers=1,
            num_attention_heads=2, pred_hidden_size=24, pred_num_attention_heads=2,
            pred_num_hidden_layers=1)
LOADERS = """
for loader in (train_dataloader, {}):
    loader.update(num_workers=0, persistent_workers=False)
"""
# What makes the shipped configs, on which the page builds, small enough for a test.
SMALL = {
    '_base_/anet_videos.py': LOADERS.format('test_dataloader'),
    '_base_/anet_features.py': LOADERS.format('val_dataloader') + """
train_dataloader.update(batch_size=2)
""",
    'vjepa2_anet.py': """
model['backbone'] = dict(type='transformers.VJEPA2Model', weights='vjepa2')   # a folder
model['data_preprocessor'] = None
model['head'].update(in_channels=24)
for loader in (_base_.train_dataloader, _base_.test_dataloader):
    for step in loader.dataset.pipeline:
        inner = step.get('transform', step)
        inner.update({key: value for key, value in dict(
            num_snippets=16, clip_len=4, frame_interval=1, short_side=36, size=32,
            crop_size=32).items() if key in inner})
        if 'scale' in inner:
            inner.update(scale=(-1, 36))
        if 'divisor' in step:
            step.update(divisor=8)
train_cfg = dict(max_epochs=3)
optim_wrapper.update(accumulative_counts=1)
param_scheduler[1].update(end=3)
""",
    'vjepa2_actionformer_anet.py': """
model['head'].update(in_channels=24)
pipeline[0].update(num_snippets=16, expected=dict(side=32))
train_cfg = dict(max_epochs=2)
"""}


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """What the user has: videos and a spreadsheet; and weights, where the hub would be."""
    transformers = pytest.importorskip('transformers')
    pytest.importorskip('peft')
    folder = tmp_path_factory.mktemp('vjepa2')
    for name in ('tools', 'mmlofi'):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / 'configs', folder / 'configs')
    for name, text in SMALL.items():
        path = folder / 'configs' / name
        path.write_text(path.read_text() + text)
    for name, text in CONFIGS.items():
        (folder / name).write_text(text)
    (folder / 'my_data' / 'videos').mkdir(parents=True)
    with open(folder / 'my_data' / 'segments.csv', 'w', newline='') as file:
        table = csv.writer(file)
        table.writerow(['video', 'start', 'end', 'label'])
        for number in range(VIDEOS):
            actions = draw_actions(number)
            write_kitchen(folder / 'my_data' / 'videos' / f'day_{number}.mp4', number, actions)
            table.writerows([f'day_{number}', start, end, label] for start, end, label in actions)
    write_kitchen(folder / 'new.mp4', VIDEOS, draw_actions(VIDEOS))
    torch.manual_seed(0)
    transformers.VJEPA2Model(transformers.VJEPA2Config(**TINY)).save_pretrained(folder / 'vjepa2')
    (folder / 'vjepa2' / 'video_preprocessor_config.json').write_text(json.dumps(dict(
        do_rescale=True, rescale_factor=1 / 255, do_normalize=True,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])))
    return folder


@pytest.fixture(scope='module')
def followed(folder, follow) -> list[str]:
    """What each block of commands printed, from the top of the page to its end."""
    return [follow(commands, folder) for commands in COMMANDS]


def test_the_page_has_its_parts():
    assert list(CONFIGS) == [f'configs/my_vjepa2{name}.py' for name in ('', '_head', '_lora')]
    tools = re.findall(r'python (tools/\w+\.py)', ''.join(COMMANDS))
    assert tools == [f'tools/{name}.py' for name in (
        'make_annotations', 'check_dataset', 'extract_features', 'train', 'test', 'diagnose',
        'train', 'extract_features', 'train', 'compare', 'localize')]


@pytest.mark.slow
def test_frozen_features_train_a_head_that_labels_its_segments(followed, folder):
    header = json.loads((folder / 'features/my_vjepa2/features.json').read_text())
    assert (header['feat_dim'], header['side']) == (24, 32)
    assert header['data_preprocessor']['mean'] == pytest.approx([123.675, 116.28, 103.53])
    found = json.loads((folder / 'my_data/detections.json').read_text())['results']
    assert {one['label'] for segments in found.values() for one in segments} <= set(CLASSES)
    assert 'mAP@0.50' in followed[2]


@pytest.mark.slow
def test_low_rank_layers_learn_through_the_cycle_and_make_other_features(followed, folder):
    assert re.findall(r'fidelity (\w+): r_t', followed[3]) == ['S', 'T', 'ST']
    one, other = (np.load(next((folder / 'features' / name).glob('*.npz')))['features']
                  for name in ('my_vjepa2', 'my_vjepa2_lora'))
    assert one.shape == other.shape == (24, 16)
    assert not np.allclose(one, other)
    checkpoint = torch.load(folder / 'work_dirs/my_vjepa2_lora/epoch_3.pth', weights_only=False)
    encoder = [name for name in checkpoint['state_dict'] if name.startswith('backbone.')]
    assert len(encoder) == 4
    assert all('lora_' in name for name in encoder)
    assert 'low-rank' in (folder / 'my_data/table.md').read_text()


@pytest.mark.slow
def test_a_new_video_is_localized(followed, folder):
    results = json.loads((folder / 'found/detections.json').read_text())['results']
    assert list(results) == ['new']
    assert (folder / 'found/new.png').exists()
