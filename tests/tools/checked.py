"""What the tests of `check_dataset.py` share."""
from __future__ import annotations


def action(start, end, label='run'):
    return dict(segment=[start, end], label=label)


def faults_of(report):
    return {one['name']: [fault['kind'] for fault in one['faults']]
            for one in report['videos_with_faults']}


GOOD = dict(a={}, b={}, c=dict(subset='validation'))
