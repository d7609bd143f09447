"""What the simulation of intervals tells, in a few experiments."""
from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_runs_that_share_much_make_pairs_narrow_and_the_usual_interval_safe(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    monkeypatch.setattr(sys, 'argv', ['', '--seeds', '2', '10', '--share', '0.9', '--trials', '60',
                                      '--resamples', '100'])
    importlib.import_module('interval_coverage').main()
    two, ten = ([cell.strip(' %') for cell in line.split('|')[1:-1]]
                for line in capsys.readouterr().out.splitlines()[2:])
    assert (two[:2], ten[:2]) == (['2', '0.9'], ['10', '0.9'])
    assert float(ten[2]) > 95 > float(ten[4]) > float(two[4])        # held, in percent
    assert float(ten[5]) < 0.5 * float(ten[3]) < float(two[3])       # width
    assert float(two[4]) == pytest.approx(50, abs=20)
