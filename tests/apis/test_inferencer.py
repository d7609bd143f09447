"""The inferencer: from video files to segments."""
from __future__ import annotations

import json
import shutil
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from small_models import CLASSES, make

from mmlofi import TALInferencer
from mmlofi.detections.predictions import load_detections
from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory

QUIET = dict(device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def end_to_end(stage_2):
    return TALInferencer(stage_2.cfg, stage_2.checkpoint, **QUIET)


@pytest.fixture(scope='module')
def on_features(stage_2, stage_3):
    return TALInferencer(stage_3.cfg, stage_3.checkpoint, encoder=stage_2.cfg,
                         encoder_weights=stage_2.checkpoint, **QUIET)


def test_a_video_gives_segments_inside_it_with_names_best_first(end_to_end, video):
    results = end_to_end(str(video))
    assert results['visualization'] == []
    (one,) = results['predictions']
    assert (one['video_name'], one['filename']) == (video.stem, str(video))
    assert len(one['detections']) == 200     # the best 100 for each of 2 classes
    scores = [found['score'] for found in one['detections']]
    assert scores == sorted(scores, reverse=True)
    for found in one['detections']:
        start, end = found['segment']
        assert 0 <= start < end <= one['duration_sec'] + 1e-3
        assert found['label'] in CLASSES
    json.dumps(one)


@pytest.mark.parametrize('chunk', [1, 7, 100])
def test_chunks_of_any_size_give_the_same_predictions(end_to_end, stage_2, video, chunk):
    other = TALInferencer(stage_2.cfg, stage_2.checkpoint, chunk_snippets=chunk, **QUIET)
    (expected,), (found,) = (one(video, return_datasamples=True)['predictions']
                             for one in (end_to_end, other))
    torch.testing.assert_close(found.pred_instances.scores, expected.pred_instances.scores,
                               rtol=1e-4, atol=1e-6)


def test_threshold_and_top_k_keep_the_best(end_to_end, video):
    everything = end_to_end(video)['predictions'][0]['detections']
    cut = everything[20]['score']
    assert end_to_end(video, threshold=cut)['predictions'][0]['detections'] == \
        [one for one in everything if one['score'] >= cut]
    assert end_to_end(video, top_k=3)['predictions'][0]['detections'] == everything[:3]
    assert end_to_end(video, threshold=2.0)['predictions'][0]['detections'] == []


def test_progress_is_told_to_the_last_snippet(stage_2, video):
    inferencer = TALInferencer(stage_2.cfg, stage_2.checkpoint, chunk_snippets=12, **QUIET)
    told = []
    inferencer(video, progress=lambda done, total: told.append((done, total)))
    assert told == [(12, 32), (24, 32), (32, 32)]


def test_many_videos_come_in_order_under_names_of_their_own(end_to_end, video, numbered_video,
                                                            tmp_path):
    out = tmp_path / 'new' / 'found.json'
    end_to_end([numbered_video, video], pred_out_file=str(out), top_k=2)
    detections = load_detections(out)
    assert sorted(detections.video_names) == sorted([numbered_video.stem, video.stem])
    assert len(detections) == 4
    names = [one['video_name'] for one in end_to_end([video, numbered_video])['predictions']]
    assert names == [video.stem, numbered_video.stem]


def test_a_head_on_features_localizes_with_its_encoder(on_features, video):
    (one,) = on_features(video, top_k=5)['predictions']
    assert len(one['detections']) == 5


def test_calls_repeat_themselves_and_threads_do_not_disturb_each_other(
        end_to_end, video, numbered_video):
    files = [video, numbered_video] * 3
    expected = [end_to_end(file) for file in files]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(end_to_end, files)) == expected


def test_pictures_are_given_and_written_when_asked_for(end_to_end, video, tmp_path):
    results = end_to_end(video, return_vis=True, vis_out_dir=str(tmp_path / 'vis'))
    (picture,) = results['visualization']
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert cv2.imread(str(tmp_path / 'vis' / f'{video.stem}.png')).shape == picture.shape


def test_pictures_of_videos_whose_names_are_one_as_files_are_kept_apart(
        end_to_end, video, tmp_path):
    (tmp_path / 'in').mkdir()
    for name in ('a_b.mp4', 'a:b.mp4'):
        shutil.copy(video, tmp_path / 'in' / name)
    listed = end_to_end.list_videos(str(tmp_path / 'in'))
    assert sorted(one['video_name'] for one in listed) == ['a:b', 'a_b']
    for one in listed:     # also one by one, as the tool does it
        end_to_end(one, vis_out_dir=str(tmp_path / 'vis'))
    assert sorted(path.name for path in (tmp_path / 'vis').iterdir()) == ['a_b.png', 'a_b_2.png']


def test_without_class_scores_no_class_is_claimed(video, tmp_path):
    model = make(tmp_path / 'lofi.pth', 'lofi_toy.py')
    (one,) = TALInferencer(model.cfg, model.checkpoint, **QUIET)(video)['predictions']
    assert {found['label'] for found in one['detections']} == {'action'}


@pytest.mark.parametrize('classes', [['a\x1b[2J'], [1, 2], 'abcde', 5, [['a'], {}]], ids=repr)
def test_names_of_the_classes_that_are_none_are_refused(stage_2, tmp_path, classes):
    content = torch.load(stage_2.checkpoint)
    content['meta']['dataset_meta']['classes'] = classes
    torch.save(content, tmp_path / 'named.pth')
    with pytest.raises(ValueError, match='the names of the classes are none: .* a list of texts'):
        TALInferencer(stage_2.cfg, str(tmp_path / 'named.pth'), **QUIET)


def test_names_of_the_classes_come_from_the_config_where_the_checkpoint_has_none(stage_2, tmp_path):
    state = torch.load(stage_2.checkpoint)['state_dict']
    torch.save(state, tmp_path / 'bare.pth')
    cfg = stage_2.cfg.copy()
    cfg.test_dataloader.dataset.metainfo = dict(classes=tuple('abcde'))
    assert TALInferencer(cfg, str(tmp_path / 'bare.pth'), **QUIET).classes == tuple('abcde')
    cfg.test_dataloader.dataset.metainfo = dict(classes=tuple('abc'))
    with pytest.raises(ValueError, match='scores 5 classes and 3 are named; expected a name for'):
        TALInferencer(cfg, str(tmp_path / 'bare.pth'), **QUIET)
    del cfg.test_dataloader.dataset['metainfo']
    with pytest.raises(ValueError, match='neither the checkpoint nor the config names the classes'):
        TALInferencer(cfg, str(tmp_path / 'bare.pth'), **QUIET)


def test_a_runners_checkpoint_needs_no_config(stage_2, video, end_to_end, tmp_path):
    content = torch.load(stage_2.checkpoint)
    content['meta']['cfg'] = stage_2.cfg.pretty_text
    torch.save(content, tmp_path / 'whole.pth')
    inferencer = TALInferencer(weights=str(tmp_path / 'whole.pth'), **QUIET)
    assert inferencer(video) == end_to_end(video)


# ---- memory

def test_memory_is_bounded_however_long_the_video_and_however_many_its_snippets(
        write_numbered_video, numbered_video, stage_2, tmp_path):
    hour = write_numbered_video(tmp_path / 'hour.mp4', 3600, fps=1, width=160, height=120)

    cfg = stage_2.cfg.copy()
    cfg.test_dataloader.dataset.pipeline = [
        dict(type='OpenVideo', num_threads=1),   # several: test_side_by_side.py
        dict(type='SampleSnippets', num_snippets=100, clip_len=24, frame_interval=1),
        dict(type='DecodeSnippets'), dict(type='Resize', scale=(32, 32), keep_ratio=False),
        *cfg.test_dataloader.dataset.pipeline[3:]]
    inferencer = TALInferencer(cfg, stage_2.checkpoint, chunk_snippets=4, **QUIET)
    inferencer(numbered_video)     # for what is allocated once
    peaks = []     # after each chunk, since what the head makes of 100 snippets is not meant here

    def note(done: int, total: int) -> None:
        time.sleep(0.5 if done <= 8 else 0)    # as a large encoder would
        peaks.append(peak_memory_mib())

    reset_peak_memory()
    before = peak_memory_mib()
    (one,) = inferencer(hour, progress=note)['predictions']
    assert one['duration_sec'] == pytest.approx(3600, abs=1)
    assert len(peaks) == 25
    # All frames of the snippets are 132 MiB, those of the video, which decord would decode ahead,
    # 198, and those of a chunk 5.
    assert peaks[-1] - before < 30


# ---- errors

def empty_video(path: Path, codec: str) -> Path:
    cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 10, (64, 48)).release()
    return path


def sound(path: Path) -> Path:
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    return path


def text(path: Path) -> Path:
    path.write_bytes(b'no video at all')
    return path


@pytest.mark.parametrize(('make_file', 'name', 'reason'), [
    (sound, 'sound.wav', r'it holds no video stream, but sound \(pcm_s16le\)'),
    (lambda path: empty_video(path, 'mp4v'), 'zero.mp4', 'it holds no video stream, nor any other'),
    (lambda path: empty_video(path, 'MJPG'), 'zero.avi', r'its video stream \(mjpeg\) holds no'),
    (text, 'text.mp4', 'it is no video, but text')])
def test_a_file_without_frames_is_named_with_the_reason(make_file, name, reason, end_to_end,
                                                        tmp_path):
    path = make_file(tmp_path / name)
    with pytest.raises(ValueError, match=rf'{name}\) failed .* cannot be decoded \({reason}'):
        end_to_end(str(path))


def test_a_missing_file_is_named_before_any_video_is_decoded(end_to_end, video, tmp_path):
    told = []
    with pytest.raises(FileNotFoundError, match=r"no video at '.*none\.mp4'; expected a file"):
        end_to_end([video, tmp_path / 'none.mp4'], progress=lambda *done: told.append(done))
    assert told == []


def test_a_checkpoint_of_another_config_is_refused(stage_2, stage_3, video, tmp_path):
    with pytest.raises(ValueError, match='of backbone 0 of .*expected a checkpoint of the model of '
                                         'this config: give the config that .*gtad.pth was'):
        TALInferencer(stage_2.cfg, stage_3.checkpoint, **QUIET)
    wider = make(tmp_path / 'wide.pth', 'lofi_toy.py', **{'model.backbone.base_channels': 32,
                                                          'model.head.in_channels': 256})
    with pytest.raises(ValueError, match='does not hold this backbone .ResNet3dSlowOnly'):
        TALInferencer(stage_3.cfg, stage_3.checkpoint, encoder=stage_2.cfg,
                      encoder_weights=wider.checkpoint, **QUIET)
    inferencer = TALInferencer(stage_3.cfg, stage_3.checkpoint, encoder=wider.cfg,
                               encoder_weights=wider.checkpoint, **QUIET)
    with pytest.raises(ValueError, match=r'features of shape \(256, 32\) .*expected 128 channels'):
        inferencer(video)


def test_settings_that_cannot_work_are_refused(stage_2, stage_3, end_to_end, video):
    with pytest.raises(ValueError, match='there is no encoder; expected the one that made'):
        TALInferencer(stage_3.cfg, stage_3.checkpoint, **QUIET)
    with pytest.raises(ValueError, match='has a backbone of its own, and encoder names another'):
        TALInferencer(stage_2.cfg, stage_2.checkpoint, encoder=stage_2.cfg,
                      encoder_weights=stage_2.checkpoint, **QUIET)
    with pytest.raises(ValueError, match='got an encoder and no encoder_weights'):
        TALInferencer(stage_3.cfg, stage_3.checkpoint, encoder=stage_2.cfg, **QUIET)
    with pytest.raises(ValueError, match='got no weights; expected the checkpoint'):
        TALInferencer(stage_2.cfg, **QUIET)
    with pytest.raises(ValueError, match='chunk_snippets=0; expected a whole number, 1 or'):
        TALInferencer(stage_2.cfg, stage_2.checkpoint, chunk_snippets=0, **QUIET)
    with pytest.raises(FileNotFoundError, match="no config at 'none.py'; expected the file"):
        TALInferencer('none.py', stage_2.checkpoint, **QUIET)
    with pytest.raises(FileNotFoundError, match='no checkpoint at none.pth'):
        TALInferencer(stage_2.cfg, 'none.pth', **QUIET)
    with pytest.raises(ValueError, match='batch_size=4; expected 1'):
        end_to_end(video, batch_size=4)
    for top_k in (0, -3):
        with pytest.raises(ValueError, match=rf'top_k={top_k}; expected a whole number, 1 or more'):
            end_to_end(video, top_k=top_k)
    for threshold in (float('nan'), 'high', None):
        with pytest.raises(ValueError, match=f'threshold={threshold!r}; expected a finite number'):
            end_to_end(video, threshold=threshold)
    for device in ('cuda:99', 'gpu'):
        with pytest.raises(ValueError, match=f"device='{device}', which cannot be used here"):
            TALInferencer(stage_2.cfg, stage_2.checkpoint, device=device)
    with pytest.raises(ValueError, match="unknown argument {'top'}"):
        end_to_end(video, top=4)


@pytest.mark.parametrize('name', ['demo.mp4', 'test.avi'])
def test_real_videos_are_localized_in(name, reference_data, end_to_end):
    (one,) = end_to_end(reference_data / 'data' / 'videos' / name, top_k=5)['predictions']
    assert len(one['detections']) == 5
    assert one['detections'][0]['segment'][1] <= one['duration_sec'] + 1e-3
