"""The page on one's own head is followed to the letter, on a small benchmark."""
from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.procedural import Benchmark, generate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'own_head.md').read_text(encoding='utf-8')
FILES = dict(re.findall(r'```python\n# (\S+)\n(.+?)```', PAGE, re.DOTALL))
COMMANDS = '\n'.join(re.findall(r'```bash\n(.+?)```', PAGE, re.DOTALL))


@pytest.mark.parametrize('name', ['my_head', 'my_labelling_head'])
def test_a_head_has_at_most_40_lines_of_code(name):
    lines = [line for line in FILES[f'my_project/{name}.py'].splitlines() if line.strip()]
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


# ---- the head by itself

@pytest.fixture(scope='module')
def make_head() -> Iterator:
    """The page's head, registered for these tests alone."""
    for name in ('my_head', 'my_labelling_head'):
        sys.modules[name] = types.ModuleType(name)
        exec(compile(FILES[f'my_project/{name}.py'], f'{name}.py', 'exec'), vars(sys.modules[name]))
    yield lambda type='ActionnessHead', **more: MODELS.build(
        dict(type=type, in_channels=8, channels=16, **more))
    for name in ('ActionnessHead', 'LabellingHead'):
        MODELS.module_dict.pop(name)
    for name in ('my_head', 'my_labelling_head'):
        sys.modules.pop(name)


def samples_with(*videos: list, labels: list | None = None) -> list[ActionDataSample]:
    samples = [ActionDataSample(metainfo=dict(duration_sec=10.0)) for _ in videos]
    labels = labels or [[0] * len(segments) for segments in videos]
    for sample, segments, mine in zip(samples, videos, labels):
        sample.gt_instances = InstanceData(segments=torch.tensor(segments).view(-1, 2),
                                           labels=torch.tensor(mine, dtype=torch.long))
    return samples


def fit(head: torch.nn.Module, features: torch.Tensor, samples: list[ActionDataSample]) -> None:
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        sum(head.loss(features, samples).values()).backward()
        optimizer.step()


@pytest.mark.parametrize('length', [1, 7, 32])
def test_it_takes_any_number_of_snippets_and_videos_without_actions(make_head, length):
    head, features = make_head(), torch.randn(2, 8, length)
    for samples in (samples_with([], []), samples_with([[0.2, 0.7]], [[0.0, 1.0], [0.1, 0.4]])):
        losses = head.loss(features, samples)
        head.zero_grad()
        sum(losses.values()).backward()
        assert all(loss.isfinite() for loss in losses.values())
        assert all(weight.grad.isfinite().all() for weight in head.parameters())
    for video in head.predict(features, samples):
        assert (video.segments.shape, video.scores.shape) == ((length, 2), (length,))
        assert 0 <= video.segments.min() <= video.segments.max() <= 1
        assert (video.segments[:, 0] < video.segments[:, 1]).all()
        assert 0 <= video.scores.min() <= video.scores.max() <= 1


def test_its_loss_is_the_overlap_that_was_computed_by_hand(make_head):
    head = make_head()
    wanted = torch.tensor([[[0.0, 0.5], [0.25, 0.75], [0.25, 1.0], [0.6, 1.0]]])
    head.forward = lambda features: (torch.zeros(1, 4), wanted, torch.arange(4) / 4 + 0.125)
    losses = head.loss(None, samples_with([[0.25, 0.75]]))      # around the middle two snippets
    assert losses['loss_segment'].item() == pytest.approx(1 - (1 + 2 / 3) / 2)
    assert losses['loss_actionness'].item() == pytest.approx(0.6931, abs=1e-4)


def test_it_finds_the_actions_that_it_was_trained_on(make_head):
    torch.manual_seed(0)
    head, features = make_head(), torch.randn(2, 8, 20)
    truth = [[0.1, 0.4]], [[0.5, 0.9]]
    fit(head, features, samples_with(*truth))
    for video, segments in zip(head.predict(features, None), truth):
        best = video.segments[video.scores.argmax()]
        torch.testing.assert_close(best, torch.tensor(segments[0]), rtol=0, atol=0.03)


def test_the_labelling_head_s_detections_are_of_the_classes_of_their_actions(make_head):
    """Through the localizer, in a video of two classes; the other has none."""
    torch.manual_seed(0)
    make_head()
    model = MODELS.build(dict(type='EndToEndLocalizer', head=dict(
        type='LabellingHead', in_channels=8, num_classes=3, channels=16)))
    assert model.head.gives_labels
    features, truth = torch.randn(2, 8, 20), [[[0.1, 0.3], [0.35, 0.6], [0.7, 0.9]], []]
    samples = samples_with(*truth, labels=[[2, 0, 2], []])
    fit(model, features, samples)
    found, none = (one.pred_instances for one in model.eval()(features, samples, mode='predict'))
    best = found.scores.argsort(descending=True)
    for (start, end), label in zip(truth[0], (2, 0, 2)):
        centres = found.segments_sec[best].mean(1) / 10
        first = best[(start < centres) & (centres < end)][0]
        torch.testing.assert_close(found.segments_sec[first] / 10, torch.tensor([start, end]),
                                   rtol=0, atol=0.04)
        assert found.labels[first] == label
    assert none.scores.max() < 0.2 * found.scores.max()


# ---- the commands

@pytest.fixture(scope='module')
def followed(tmp_path_factory, follow) -> Path:
    """The folder after the page's files were written and its commands run, from stage 1 on."""
    folder = tmp_path_factory.mktemp('own_head')
    for name in ('configs', 'tools'):
        (folder / name).symlink_to(ROOT / name)
    generate(folder / 'data' / 'toy',
             Benchmark(train_videos=6, val_videos=5, clips_per_class=2), workers=1)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    follow(COMMANDS, folder)
    return folder


def logged(folder: Path, name: str) -> list[float]:
    (path,) = folder.glob('*/vis_data/scalars.json')
    steps = map(json.loads, path.read_text().splitlines())
    return [value for step in steps for key, value in step.items() if key.endswith(name)]


@pytest.mark.slow
@pytest.mark.parametrize('name', ['lofi_actionness', 'actionness'])
def test_the_loss_goes_down_end_to_end_and_on_features(followed, name):
    for term, share in (('loss_actionness', 0.95), ('loss_segment', 0.9)):
        values = logged(followed / 'work_dirs' / name, term)
        few = len(values) // 4
        assert sum(values[-few:]) < share * sum(values[:few]), (term, values)


@pytest.mark.slow
def test_the_encoder_learns_from_the_head_and_the_second_head_starts_anew(followed):
    def weights(path: str) -> dict:
        return torch.load(followed / 'work_dirs' / path, weights_only=False)['state_dict']
    before, after = weights('acp_toy/epoch_15.pth'), weights('lofi_actionness/epoch_36.pth')
    kernels = [key for key in before if key.startswith('backbone.') and key.endswith('conv.weight')]
    assert len(kernels) > 10
    assert all((after[key] - before[key]).abs().max() > 1e-4 for key in kernels)
    second = weights('actionness/epoch_40.pth')
    assert {key.split('.')[0] for key in second} == {'head', 'class_scores'}
    labelling = weights('labelling/epoch_40.pth')
    assert {key.split('.')[0] for key in labelling} == {'head'}


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'file'), [
    ('actionness', 'detections'), ('labelling', 'labelled')])
def test_detections_and_their_score_come_out(followed, name, file):
    (score,) = logged(followed / 'work_dirs' / name, 'mAP')
    assert 0 <= score <= 1
    results = json.loads((followed / f'{file}.json').read_text())['results']
    annotated = json.loads((followed / 'data/toy/annotations.json').read_text())['database']
    assert results.keys() == {key for key in annotated if key.startswith('val_')}
    for name, found in results.items():
        assert found
        assert all(0 <= d['segment'][0] < d['segment'][1] <= annotated[name]['duration'] + 0.1
                   for d in found)
