"""What an adapted encoder finds in a video that is streamed is what a test of it finds."""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from mmlofi import TALInferencer
from mmlofi.datasets import UntrimmedVideoDataset
from mmlofi.detections.windows import detect_in_videos
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.frozen_base import frozen_weights, hash_weights, leave_out_frozen

VIT = dict(type='VisionTransformer', img_size=32, patch_size=16, embed_dims=8, depth=2, num_heads=2,
           num_frames=4)
ADAPTERS = {'snippet': dict(type='temporal'), 'video': dict(type='temporal', scope='video'),
            'ladder': dict(type='ladder', scope='both'),
            'lora': dict(type='lora', targets=['qkv'])}
WHOLE = dict(num_snippets=16, clip_len=4)
WINDOWS = dict(num_snippets=16, clip_len=4, snippet_interval=4)
LONG = dict(WINDOWS, num_snippets=40)     # than the video
CONTIGUOUS = dict(num_snippets=40, clip_len=4, frame_interval=1, placement='contiguous')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A video of 30 snippets of noise."""
    folder = tmp_path_factory.mktemp('noise')
    writer = cv2.VideoWriter(str(folder / 'a.mp4'), cv2.VideoWriter_fourcc(*'mp4v'), 10, (32, 32))
    for frame in np.random.default_rng(0).integers(0, 255, (120, 8, 8, 3), np.uint8):
        writer.write(frame.repeat(4, 0).repeat(4, 1))
    writer.release()
    (folder / 'gt.json').write_text(json.dumps(dict(database=dict(a=dict(
        subset='all', duration=12, annotations=[dict(segment=[2, 5], label='run')])))))
    torch.manual_seed(1)
    torch.save(EndToEndLocalizer(**model_cfg(None)).backbone.state_dict(), folder / 'vit.pth')
    return folder


def model_cfg(adapters, base=None):
    init = dict(init_cfg=dict(type='Pretrained', checkpoint=str(base))) if base else {}
    return dict(backbone=dict(VIT, **init), encoder=dict(adapters=adapters),
                head=dict(type='GTADHead', in_channels=8), nms=dict(top_k=5))


def dataset(folder, sampling, window):
    return dict(type='UntrimmedVideoDataset', ann_file=str(folder / 'gt.json'), subset='all',
                test_mode=True, window=window, data_prefix=dict(video=str(folder)), pipeline=[
                    dict(type='OpenVideo'), dict(type='SampleSnippets', **sampling),
                    dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
                    dict(type='PackTALInputs')])


def by_a_test(model, data):
    """(K, 2) segments and their scores, as a test joins windows."""
    data = {key: value for key, value in data.items() if key != 'type'}
    found = [model.test_step(pseudo_collate([sample]))[0]
             for sample in UntrimmedVideoDataset(**data)]
    if data['window'] is None:
        return found[0].pred_instances.segments_sec, found[0].pred_instances.scores
    segments, scores, _ = detect_in_videos(one.window_result for one in found)['a']
    return torch.from_numpy(segments), torch.from_numpy(scores)


@pytest.mark.parametrize(('sampling', 'window'), [
    (WHOLE, None), (WINDOWS, dict(stride=6)), (LONG, dict(stride=20)),
    (CONTIGUOUS, dict(stride=20))])
@pytest.mark.parametrize('kind', ADAPTERS)
def test_an_inferencer_finds_what_a_test_finds_from_weights_that_train_alone(
        folder, kind, sampling, window, tmp_path):
    torch.manual_seed(0)
    cfg = model_cfg(ADAPTERS[kind], folder / 'vit.pth')
    model = EndToEndLocalizer(**cfg)
    model.init_weights()
    for name, value in model.named_parameters():
        if 'up_proj' in name or 'lora_B' in name:
            nn.init.normal_(value)
    checkpoint = dict(state_dict=dict(model.state_dict()),
                      meta=dict(dataset_meta=dict(classes=('run',))))
    leave_out_frozen(checkpoint, dict(sha256=hash_weights(frozen_weights(model)), source='vit'))
    torch.save(checkpoint, tmp_path / 'epoch_1.pth')
    data = dataset(folder, sampling, window)
    expected = by_a_test(model.eval(), data)
    inferencer = TALInferencer(
        Config(dict(model=dict(cfg, type='EndToEndLocalizer'), test_dataloader=dict(dataset=data))),
        str(tmp_path / 'epoch_1.pth'), device='cpu', chunk_snippets=5, show_progress=False)
    (found,) = inferencer(str(folder / 'a.mp4'), return_datasamples=True)['predictions']
    torch.testing.assert_close(found.pred_instances.segments_sec, expected[0])
    torch.testing.assert_close(found.pred_instances.scores, expected[1], rtol=1e-4, atol=1e-5)
    assert len(expected[0])
