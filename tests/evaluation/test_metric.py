"""The Runner's metric, on one process, on two and on four."""
import json
import logging
import os

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.hooks import CheckpointHook
from mmengine.structures import InstanceData

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.windows import WindowResult
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.evaluation.metric import TALMetric
from mmlofi.evaluation.recall import proposal_recall, topk_recall

CLASSES = ('jump', 'run')
METRICS = ('mAP', 'AR@AN', 'Recall@1x', 'Recall@5x', 'AP')


def write_annotations(path):
    database = {f'v{number}': dict(subset='validation', duration=100.0, annotations=[
        dict(segment=[10 * number + 5, 10 * number + 20], label=CLASSES[number % 2])])
        for number in range(5)}
    database['t0'] = dict(subset='testing', duration=100.0, annotations=[])
    path.write_text(json.dumps(dict(database=database)))
    return str(path)


@pytest.fixture
def ann_file(tmp_path):
    return write_annotations(tmp_path / 'annotations.json')


def sample(number, dtype=torch.float32):
    """A data sample as MMEngine's Evaluator hands it on: some hits, some misses, tied scores."""
    generator = torch.Generator().manual_seed(number)
    segments = torch.tensor([10.0 * number + 5, 10 * number + 20]) + torch.rand(
        8, 2, generator=generator) * torch.arange(8)[:, None]
    return dict(video_name=f'v{number}', pred_instances=InstanceData(
        segments_sec=segments.to(dtype),
        scores=torch.rand(8, generator=generator).round(decimals=1), labels=torch.arange(8) % 2))


def window(place):
    """A data sample of one of the windows of the video v0, which cover it together."""
    generator = torch.Generator().manual_seed(place)
    segments = torch.rand(6, 2, generator=generator).sort(1).values
    scores = torch.rand(6, generator=generator).round(decimals=1)
    if place == 0:     # which holds the action
        segments[0], scores[0] = torch.tensor([0.3, 0.95]), 1.0
    found = RawProposals(
        'v0', 100.0, (0.2 * place, 0.2 * place + 0.2), segments.numpy(), scores.numpy(),
        np.array([0.5, 0.4], np.float32), 4 * place)
    return dict(video_name='v0', window_result=WindowResult(found, dict(sigma=0.5, top_k=5), 2))


def build(ann_file, **options):
    metric = TALMetric(**dict(ann_file=ann_file, subset='validation') | options)
    metric.dataset_meta = dict(classes=CLASSES)
    return metric


def score(metric, numbers, make=sample):
    metric.process(None, [make(number) for number in numbers])
    return metric.evaluate(5)


def sampled(videos, round_up):
    """For `work`: what MMEngine's sampler gives to a rank."""
    return list(DefaultSampler(range(videos), shuffle=False, seed=0, round_up=round_up))


def test_an_ignored_class_is_neither_truth_nor_false(ann_file):
    """Two of the five videos hold the class, where the others are found as they are annotated."""
    def found(number):
        right = sample(number)
        right['pred_instances'] = InstanceData(
            segments_sec=torch.tensor([[10.0 * number + 5, 10 * number + 20]]),
            scores=torch.tensor([0.5]), labels=torch.tensor([0]))
        return right
    values = {}
    for ignored in ((), 'run', ['run']):
        metric = build(ann_file, metric_type=['mAP', 'AP', 'AR@AN'], ignore_classes=ignored)
        values[str(ignored)] = score(metric, range(5), make=found)
    assert values['run'] == values["['run']"]
    jump = (1 + 2 / 3 + 3 / 5) / 3     # of equal scores, in the order of the videos
    assert (values['run']['mAP'], values['()']['AP/jump']) == (1, pytest.approx(jump))
    assert 'AP/run' not in values['run']
    assert len(metric.records) == 5
    with pytest.raises(ValueError, match=r"the classes \['Run'\], which .*json does not have; "
                                         r"expected some of \['jump', 'run'\]"):
        build(ann_file, ignore_classes=['Run'])


@pytest.mark.parametrize('metric_type', METRICS)
def test_a_model_that_names_only_classes_of_other_videos_scores_0(ann_file, metric_type):
    """As after the first epochs with many classes and few videos: no reason to stop a training."""
    metric = TALMetric(ann_file=ann_file, subset='validation', metric_type=metric_type)
    metric.dataset_meta = dict(classes=(*CLASSES, 'swim', 'fly'))

    def only_others(number):
        made = sample(number)
        made['pred_instances'].labels += 2
        return made
    values = score(metric, range(5), only_others)
    assert (set(values.values()) == {0}) == (metric_type != 'AR@AN')   # which knows no classes


# Which videos (or, under 'windows', windows) each rank has, by number of ranks.
SHARES = {
    2: {'padded in between': ((0, 0, 1, 2), (0, 3, 3, 4)), 'one has none': ((4, 3, 2, 1, 0), ())},
    4: {'padded by the first': ((0, 4), (1, 0), (2, 1), (3, 2)),
        'one has none': ((0, 1), (), (3,), (2, 4)),
        '3 videos, padded': dict(videos=3, round_up=True),
        '3 videos, one has none': dict(videos=3, round_up=False),
        'windows': ((3, 0), (1, 4, 0), (), (2,))}}


def work(rank, ranks, folder, ann_file):
    os.chdir(folder)  # MMEngine collects through files in the working directory
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank,
                                         world_size=ranks)
    for name, shares in SHARES[ranks].items():
        mine = sampled(**shares) if isinstance(shares, dict) else shares[rank]
        metric = build(ann_file, metric_type=METRICS, out_file=f'{folder}/{name}.json')
        values = score(metric, mine, window if name == 'windows' else sample)
        with open(f'{folder}/{name} {rank}.json', 'w') as file:
            json.dump(values, file)
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def of_ranks(tmp_path_factory):
    """What all ranks scored, a folder for each number of them, whose start costs the most."""
    folders = {}

    def start(ranks):
        if ranks not in folders:
            folders[ranks] = tmp_path_factory.mktemp(f'{ranks}_ranks')
            ann_file = write_annotations(folders[ranks] / 'annotations.json')
            torch.multiprocessing.spawn(work, (ranks, str(folders[ranks]), ann_file), nprocs=ranks)
        return folders[ranks]
    return start


@pytest.mark.parametrize(('ranks', 'case'), [
    (ranks, case) for ranks, cases in SHARES.items() for case in cases])
def test_several_processes_score_what_one_does_to_the_last_bit(ranks, case, of_ranks, ann_file,
                                                               tmp_path):
    folder = of_ranks(ranks)
    metric = build(ann_file, metric_type=METRICS, out_file=str(tmp_path / 'one.json'))
    alone = score(metric, range(3 if case.startswith('3') else 5),
                  window if case == 'windows' else sample)
    assert all(0 < alone[name] < 1 for name in ('mAP', 'AUC', 'Recall@1x', 'AP/jump'))
    for rank in range(ranks):
        assert json.loads((folder / f'{case} {rank}.json').read_text()) == alone
    assert (folder / f'{case}.json').read_text() == (tmp_path / 'one.json').read_text()


def test_the_written_file_scores_the_same(ann_file, tmp_path):
    values = score(build(ann_file, out_file=str(tmp_path / 'out.json')), range(5))
    scores = detection_map(load_annotations(ann_file, 'validation'),
                           load_detections(tmp_path / 'out.json'))
    assert values['mAP'] == scores.average_mAP
    assert [values[f'mAP@{tiou:.2f}'] for tiou in scores.tious] == scores.mAP.tolist()


def test_names_and_the_rule_of_the_best_checkpoint(ann_file):
    values = score(build(ann_file, tious=[0.5, 0.75]), range(5))
    assert list(values) == ['mAP', 'mAP@0.50', 'mAP@0.75']
    assert CheckpointHook(save_best=list(values)[0]).rules == ['greater']  # 'auto' takes the first
    assert list(score(build(ann_file, tious=0.5, prefix='tal'), range(5))) == [
        'tal/mAP', 'tal/mAP@0.50']


def test_what_is_asked_for_is_given_in_this_order(ann_file):
    values = score(build(ann_file, tious=[0.5, 0.75], metric_type=['AR@AN', 'Recall@5x', 'AP']),
                   range(5))
    assert list(values) == ['AUC', 'AR@1', 'AR@5', 'AR@10', 'AR@100', 'Recall@5x',
                            'Recall@5x@0.50', 'Recall@5x@0.75', 'AP/jump', 'AP/run']
    assert CheckpointHook(save_best='AUC').rules == ['greater']
    records = load_annotations(ann_file, 'validation')
    metric = build(ann_file, out_file=f'{ann_file}.out')
    scores = score(metric, range(5))
    detections = load_detections(f'{ann_file}.out')
    recall = proposal_recall(records, detections, [0.5, 0.75])
    assert (values['AUC'], values['AR@5']) == (recall.AUC, recall.average_recall[4])
    assert values['Recall@5x@0.75'] == topk_recall(records, detections, 0.75)[0, 1]
    actions = score(build(ann_file, tious=[0.5, 0.75], metric_type='ActionRecall@5x'), range(5))
    assert actions['ActionRecall@5x@0.75'] == topk_recall(
        records, detections, 0.75, over_classes=False)[0, 1]
    both = build(ann_file, metric_type='AP')
    assert sum(score(both, range(5)).values()) / 2 == pytest.approx(scores['mAP'])


@pytest.mark.parametrize('metric_type', [(), ['AR'], ['Recall@0x'], ['mAP', 'auc']])
def test_unknown_metrics_are_refused_at_construction(ann_file, metric_type):
    with pytest.raises(ValueError, match='expected some of'):
        build(ann_file, metric_type=metric_type)


def test_each_evaluation_starts_from_nothing(ann_file):
    metric = build(ann_file)
    assert score(metric, range(5)) == score(metric, range(5))


def test_half_precision_and_dict_predictions_are_taken(ann_file):
    metric = build(ann_file)
    for number in range(5):
        one = sample(number, torch.bfloat16)
        metric.process(None, [one | dict(pred_instances=dict(one['pred_instances'].items()))])
    assert 0 < metric.evaluate(5)['mAP'] < 1


def test_videos_that_were_not_evaluated_count_as_missed_with_a_warning(ann_file, caplog):
    with caplog.at_level(logging.WARNING):
        default = score(build(ann_file), range(4))
        restricted = score(build(ann_file, only_evaluated_videos=True), range(4))
    assert default['mAP'] < restricted['mAP']
    assert "1 of 5 videos of the subset were not evaluated, such as ['v4']; their" in caplog.text
    assert 'they are left out of the ground truth' in caplog.text


@pytest.fixture
def caplog(caplog, monkeypatch):
    """MMEngine prints through loggers that do not propagate: send them to pytest's."""
    def log(message, logger=None, level=logging.INFO):
        logging.getLogger('mmlofi').log(level, message)
    monkeypatch.setattr('mmlofi.evaluation.metric.print_log', log)
    return caplog


def test_a_subset_without_actions_is_refused_at_construction(ann_file):
    with pytest.raises(ValueError, match="no action in the 1 videos of subset 'testing'"):
        TALMetric(ann_file=ann_file, subset='testing')


def test_an_unknown_subset_is_refused_at_construction(ann_file):
    with pytest.raises(ValueError, match='val'):
        TALMetric(ann_file=ann_file, subset='val')


def test_an_evaluation_of_no_video_is_refused(ann_file):
    with pytest.raises(ValueError, match='got no video'):
        build(ann_file).evaluate(0)


def test_a_dataset_without_class_names_is_refused(ann_file):
    metric = build(ann_file)
    with pytest.raises(ValueError, match='class names'):
        metric.dataset_meta = None


def test_a_dataset_that_lacks_an_annotated_class_is_refused_before_training(ann_file):
    metric = build(ann_file)
    with pytest.raises(ValueError, match=r"without the classes \['.*complete metainfo.classes"):
        metric.dataset_meta = dict(classes=CLASSES[:1])


def test_videos_of_another_data_set_are_refused(ann_file):
    metric = build(ann_file)
    metric.process(None, [sample(0) | dict(video_name='v_0')])
    with pytest.raises(ValueError, match="no video of the 8 detections.*'v_0'"):
        metric.evaluate(1)
