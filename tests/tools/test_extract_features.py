"""Extraction of features by the command line."""
from __future__ import annotations

import functools
import json
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmlofi.datasets.features import unfinished
from mmlofi.datasets.features.feature_files import look_at_features, save_features
from mmlofi.datasets.features.feature_header import KEYS

VIDEOS = {f'train_{i:04d}' for i in range(6)} | {f'val_{i:04d}' for i in range(5)}


@pytest.fixture(scope='module')
def extract(call_tool, toy_configs):
    """Runs the tool with the stage-2 config, in this process and without workers."""
    def run(checkpoint, out, *arguments, config='lofi_toy.py'):
        call_tool('extract_features.py', toy_configs / config, checkpoint, '--out', out,
                  *arguments, '--cfg-options', 'test_dataloader.num_workers=0')
    return run


@pytest.fixture(scope='module')
def complete(untrained_lofi, extract, tmp_path_factory):
    """All features of the untrained encoder. No test changes it."""
    folder = tmp_path_factory.mktemp('complete') / 'features'
    extract(untrained_lofi, folder)
    return folder


@pytest.fixture
def folder(complete, tmp_path):
    """A copy of them to work on."""
    return shutil.copytree(complete, tmp_path / 'features')


def features_of(path):
    with np.load(path) as content:
        return content['features']


def test_each_video_of_both_subsets_gets_one_file(complete):
    assert {path.stem for path in complete.glob('*.npz')} == VIDEOS
    assert {path.name for path in complete.iterdir() if path.suffix != '.npz'} == {'features.json'}


def test_features_are_those_of_the_model_at_full_fidelity(complete, untrained_lofi, toy_data,
                                                          toy_configs, monkeypatch):
    monkeypatch.setenv('TOY_DATA', str(toy_data))
    cfg = Config.fromfile(toy_configs / 'lofi_toy.py')
    init_default_scope('mmaction')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(untrained_lofi)['state_dict'])
    sample = dataset[3]
    data = model.data_preprocessor(pseudo_collate([sample]))
    with torch.no_grad():
        expected = model.extract_feat(data['inputs'])[0].numpy()               # (C, L)
    assert expected.shape == (cfg.feat_dim, cfg.num_snippets)
    with np.load(complete / 'val_0003.npz') as content:
        np.testing.assert_allclose(content['features'], expected, rtol=1e-4, atol=1e-6)
        assert content['features'].dtype == np.float32
        assert content['duration_sec'] == sample['data_samples'].duration_sec


def test_complete_files_are_kept_and_missing_ones_are_made(folder, extract, untrained_lofi, capsys):
    before = {path.stem: path.stat().st_mtime_ns for path in folder.glob('*.npz')}
    lost = features_of(folder / 'val_0001.npz')
    (folder / 'val_0001.npz').unlink()
    extract(untrained_lofi, folder)
    output = capsys.readouterr().out
    assert 'training: 6 videos, 0 to do' in output
    assert 'validation: 5 videos, 1 to do' in output
    after = {path.stem: path.stat().st_mtime_ns for path in folder.glob('*.npz')}
    assert {name for name in VIDEOS if before[name] != after[name]} == {'val_0001'}
    np.testing.assert_allclose(features_of(folder / 'val_0001.npz'), lost, rtol=1e-4, atol=1e-6)


def test_small_chunks_give_equal_features_and_half_precision_is_stored(complete, extract, tmp_path,
                                                                       untrained_lofi):
    extract(untrained_lofi, tmp_path / 'half', '--subset', 'validation', '--chunk-snippets', 7,
            '--dtype', 'fp16')
    assert len(list((tmp_path / 'half').glob('*.npz'))) == 5
    half = features_of(tmp_path / 'half' / 'val_0002.npz')
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, features_of(complete / 'val_0002.npz'), rtol=2e-3, atol=1e-3)


def test_features_of_another_encoder_are_not_mixed_in(folder, extract, untrained_lofi, tmp_path):
    state = torch.load(untrained_lofi)['state_dict']
    state['backbone.conv1.conv.weight'][0, 0, 0, 0, 0] += 1e-6
    torch.save(dict(state_dict=state), tmp_path / 'other.pth')
    with pytest.raises(SystemExit, match=r"other settings \(\['backbone_sha256'\] differ\)"):
        extract(tmp_path / 'other.pth', folder)
    with pytest.raises(SystemExit, match=r"\['dtype'\] differ.*give another --out"):
        extract(untrained_lofi, folder, '--dtype', 'float16')


@pytest.fixture
def address(tmp_path, monkeypatch):
    """Serves the files of a folder; gives its URL. Downloads are kept in another folder."""
    (tmp_path / 'served').mkdir()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'downloads'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path / 'served')
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_the_folder_knows_a_checkpoint_wherever_it_lies(folder, extract, untrained_lofi, address,
                                                        tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('HOME', str(tmp_path))
    shutil.copy(untrained_lofi, tmp_path / 'home.pth')
    shutil.copy(untrained_lofi, tmp_path / 'served' / 'net.pth')
    for checkpoint in ('~/home.pth', f'{address}/net.pth'):
        extract(checkpoint, folder)
        assert capsys.readouterr().out.count('videos, 0 to do') == 2


def test_the_folder_goes_on_with_the_same_encoder_in_another_checkpoint(folder, extract, capsys,
                                                                        untrained_lofi, tmp_path):
    state = torch.load(untrained_lofi)['state_dict']
    encoder = {name: state[name] for name in reversed(state) if name.startswith('backbone.')}
    torch.save(dict(state_dict=encoder, meta=dict(epoch=7)), tmp_path / 'encoder.pth')
    extract(tmp_path / 'encoder.pth', folder)
    assert capsys.readouterr().out.count('videos, 0 to do') == 2


def test_an_interrupted_run_goes_on_within_a_video(extract, untrained_lofi, tmp_path, monkeypatch,
                                                   capsys):
    options = ('--subset', 'validation', '--chunk-snippets', 4)
    extract(untrained_lofi, tmp_path / 'whole', *options)
    monkeypatch.setattr(unfinished, 'KEEP_SEC', 0)
    keep, kept = unfinished.UnfinishedFeatures.keep, []

    def stop_in_the_second_video(self, video, *args):
        keep(self, video, *args)
        kept.append(video)
        if len(set(kept)) == 2 and kept.count(video) == 3:
            raise KeyboardInterrupt
    with monkeypatch.context() as patched:
        patched.setattr(unfinished.UnfinishedFeatures, 'keep', stop_in_the_second_video)
        with pytest.raises(KeyboardInterrupt):
            extract(untrained_lofi, tmp_path / 'cut', *options)
    capsys.readouterr()
    extract(untrained_lofi, tmp_path / 'cut', *options)
    output = capsys.readouterr().out
    assert 'validation: 5 videos, 4 to do' in output
    assert f'{kept[-1]} goes on at snippet 13\n' in output
    whole, cut = (sorted((tmp_path / name).iterdir()) for name in ('whole', 'cut'))
    assert [path.name for path in cut] == [path.name for path in whole]
    for one, other in zip(cut, whole):
        if one.suffix == '.npz':
            assert np.array_equal(features_of(one), features_of(other))


def test_the_same_videos_under_another_mount_go_on_and_others_are_refused(
        folder, extract, untrained_lofi, toy_data, tmp_path, capsys):
    (folder / 'val_0001.npz').unlink()
    mount = shutil.copytree(toy_data / 'videos', tmp_path / 'mount')
    option = ('--cfg-options', f'test_dataloader.dataset.data_prefix.video={mount}')
    extract(untrained_lofi, folder, *option)
    assert 'validation: 5 videos, 1 to do' in capsys.readouterr().out
    assert len(list(folder.glob('*.npz'))) == len(VIDEOS)
    shutil.copy(mount / 'train_0001.mp4', mount / 'train_0000.mp4')   # proxies differ as much
    option += ('test_dataloader.dataset.check_files=False',)
    with pytest.raises(SystemExit, match=r"\['data_prefix', 'first_snippet'\] differ"):
        extract(untrained_lofi, folder, *option)


@pytest.mark.parametrize('size', ['0', '-4', 'many'])
def test_a_chunk_holds_a_snippet_or_more(size, extract, untrained_lofi, tmp_path, capsys):
    with pytest.raises(SystemExit):
        extract(untrained_lofi, tmp_path / 'out', '--chunk-snippets', size)
    assert capsys.readouterr().err.splitlines()[-1].endswith(
        f"argument --chunk-snippets: got '{size}'; expected a whole number of 1 or more, such as 8 "
        'where memory is short')
    assert not (tmp_path / 'out').exists()


def test_a_folder_of_unknown_features_is_refused(folder, extract, untrained_lofi):
    (folder / 'features.json').unlink()
    with pytest.raises(SystemExit, match='no features.json that says what they are'):
        extract(untrained_lofi, folder)


def test_a_recognizers_checkpoint_gives_the_features_of_its_backbone(complete, extract, toy_configs,
                                                                     untrained_lofi, tmp_path):
    state = torch.load(untrained_lofi)['state_dict']
    recognizer = MODELS.build(Config.fromfile(toy_configs / 'acp_toy.py').model)
    own = recognizer.state_dict()
    own |= {name: value for name, value in state.items() if name.startswith('backbone.')}
    torch.save(dict(state_dict={f'module.{name}': own[name] for name in own}), tmp_path / 'acp.pth')
    extract(tmp_path / 'acp.pth', tmp_path / 'out', '--subset', 'validation')
    np.testing.assert_allclose(features_of(tmp_path / 'out' / 'val_0000.npz'),
                               features_of(complete / 'val_0000.npz'), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('change', [
    lambda state: {name.replace('backbone.', 'encoder.'): state[name] for name in state},
    lambda state: {name: state[name] for name in state if 'layer4' not in name},
    lambda state: state | {'backbone.extra': torch.zeros(1)}])
def test_a_checkpoint_without_this_backbone_is_refused(change, extract, untrained_lofi, tmp_path):
    torch.save(dict(state_dict=change(torch.load(untrained_lofi)['state_dict'])),
               tmp_path / 'changed.pth')
    with pytest.raises(SystemExit, match='changed.pth does not hold this backbone .*expected a '
                                         'checkpoint of a model with the same backbone settings'):
        extract(tmp_path / 'changed.pth', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_configs_of_other_stages_are_refused(extract, untrained_lofi, tmp_path):
    with pytest.raises(SystemExit, match='gtad_toy.py has no model.backbone; expected a stage-2'):
        extract(untrained_lofi, tmp_path / 'out', config='gtad_toy.py')
    with pytest.raises(SystemExit, match='acp_toy.py is of a Recognizer3D; expected a stage-2'):
        extract(untrained_lofi, tmp_path / 'out', config='acp_toy.py')


def test_a_missing_checkpoint_is_named(extract, tmp_path):
    with pytest.raises(FileNotFoundError, match='no checkpoint at none.pth; expected a file'):
        extract('none.pth', tmp_path / 'out')


def test_an_unknown_subset_is_named(folder, extract, untrained_lofi):
    with pytest.raises(ValueError, match=r"no video of subset \['test'\]; it has \['training', "):
        extract(untrained_lofi, folder, '--subset', 'test')


def test_the_folder_says_what_its_features_depend_on(complete):
    found = json.loads((complete / 'features.json').read_text())
    assert found.keys() == {*KEYS, 'backbone', 'encoder', 'pipeline', 'data_preprocessor',
                            'data_root', 'data_prefix', 'filename_tmpl', 'first_snippet'}
    assert found['backbone']['type'] == 'ResNet3dSlowOnly'
    digest = found['backbone_sha256']
    assert len(digest) == 64
    header = dict(backbone_sha256=digest, num_snippets=32, snippet_interval=None, clip_len=4,
                  frame_interval=2, side=64, feat_dim=128, dtype='float32')
    for name in ('train_0000', 'val_0004'):
        assert look_at_features(str(complete / f'{name}.npz')).header == header


def test_a_file_of_another_extraction_or_a_broken_one_is_made_again(folder, complete, extract,
                                                                    untrained_lofi, capsys):
    save_features(folder / 'train_0003.npz', np.zeros((128, 32), 'f'), 30.0,
                  dict(backbone_sha256='another'))
    whole = (folder / 'val_0001.npz').read_bytes()
    (folder / 'val_0001.npz').write_bytes(whole[:-100])
    extract(untrained_lofi, folder)
    output = capsys.readouterr().out
    assert 'train_0003.npz was made otherwise, and is made again' in output
    assert 'val_0001.npz cannot be read, and is made again' in output
    assert 'training: 6 videos, 1 to do' in output
    for name in ('train_0003', 'val_0001'):
        np.testing.assert_allclose(features_of(folder / f'{name}.npz'),
                                   features_of(complete / f'{name}.npz'), rtol=1e-4, atol=1e-6)


def test_a_video_with_a_damaged_part_is_named_and_the_others_are_stored(
        extract, untrained_lofi, toy_data, tmp_path, capsys):
    videos = shutil.copytree(toy_data / 'videos', tmp_path / 'videos')
    path = videos / 'train_0002.mp4'
    content = bytearray(path.read_bytes())
    middle, part = len(content) // 2, len(content) // 3
    content[middle:middle + part] = np.random.default_rng(0).bytes(part)
    path.write_bytes(content)
    options = ('--cfg-options', f'test_dataloader.dataset.data_prefix.video={videos}')
    with pytest.raises(SystemExit, match='^1$'):
        extract(untrained_lofi, tmp_path / 'features', *options)
    printed = capsys.readouterr().err
    assert "video 'train_0002' (" in printed
    assert "1 videos failed, the first: ['train_0002']; expected" in printed
    assert {path.stem for path in (tmp_path / 'features').glob('*.npz')} == VIDEOS - {'train_0002'}


def test_a_first_video_that_fails_stops_no_other_and_a_config_that_fits_none_stops_at_once(
        extract, untrained_lofi, toy_data, tmp_path):
    videos = shutil.copytree(toy_data / 'videos', tmp_path / 'videos')
    (videos / 'train_0000.mp4').unlink()
    options = ('--cfg-options', 'test_dataloader.dataset.check_files=False',
               f'test_dataloader.dataset.data_prefix.video={videos}')
    with pytest.raises(SystemExit, match='^1$'):
        extract(untrained_lofi, tmp_path / 'features', *options)
    assert {path.stem for path in (tmp_path / 'features').glob('*.npz')} == VIDEOS - {'train_0000'}
    with pytest.raises(SystemExit, match='^extract_features: no video at'):
        extract(untrained_lofi, tmp_path / 'none', *options[:-1],
                'test_dataloader.dataset.filename_tmpl={}.none')
    assert not (tmp_path / 'none').exists()


def test_features_that_half_precision_cannot_hold_stop_it(extract, untrained_lofi, tmp_path):
    state = torch.load(untrained_lofi)['state_dict']
    for name in state:
        if name.startswith('backbone.layer4') and name.endswith('bn.weight'):
            state[name] *= 1e6
    torch.save(dict(state_dict=state), tmp_path / 'large.pth')
    with pytest.raises(SystemExit, match='of train_0000 does not fit into float16, whose largest '
                                         r'number is 65504; .*give --dtype fp32'):
        extract(tmp_path / 'large.pth', tmp_path / 'out', '--dtype', 'fp16')
    state['backbone.conv1.conv.weight'][:] = torch.nan
    torch.save(dict(state_dict=state), tmp_path / 'nan.pth')
    with pytest.raises(SystemExit, match='train_0000 has features that are not finite'):
        extract(tmp_path / 'nan.pth', tmp_path / 'of_nan')
    assert not [*(tmp_path / 'out').glob('*.npz'), *(tmp_path / 'of_nan').glob('*.npz')]


def test_a_folder_whose_settings_cannot_be_read_is_refused(folder, extract, untrained_lofi):
    (folder / 'features.json').write_text('{"dtype"')
    with pytest.raises(ValueError, match='features.json.* is no json of settings'):
        extract(untrained_lofi, folder)
