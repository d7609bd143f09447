"""Projects of VIA 3, as its documentation of the code has them."""
from __future__ import annotations

import json

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.via import is_via, read_via

# The example of "Structure of VIA Project JSON File" in via-3.x.y/CodeDoc.md, shortened.
PROJECT = {
    'project': {'pid': '__VIA_PROJECT_ID__', 'rev': '1', 'pname': 'VIA3 Sample Project',
                'vid_list': ['1', '2']},
    'config': {'file': {'loc_prefix': {'1': '', '2': '', '3': '', '4': ''}}},
    'attribute': {
        '1': {'aname': 'Activity', 'anchor_id': 'FILE1_Z2_XY0', 'type': 4, 'desc': 'Activity',
              'options': {'1': 'Break Egg', '2': 'Pour Liquid'}, 'default_option_id': ''},
        '2': {'aname': 'Object', 'anchor_id': 'FILE1_Z1_XY1', 'type': 1, 'options': {}},
        '3': {'aname': 'Hands', 'anchor_id': 'FILE1_Z2_XY0', 'type': 2,
              'options': {'0': 'left', '1': 'right'}}},
    'file': {'1': {'fid': 1, 'fname': 'Alioli.ogv', 'type': 4, 'loc': 2,
                   'src': 'https://upload.wikimedia.org/4/47/Alioli.mp4'},
             '2': {'fid': 2, 'fname': 'mouse.mp4', 'type': 4, 'loc': 3,
                   'src': '/home/tlm/data/svt/mouse.mp4'}},
    'view': {'1': {'fid_list': [1]}, '2': {'fid_list': [2]}, '3': {'fid_list': [1, 2]}},
    'metadata': {
        '-glfwaaX': {'vid': '1', 'flg': 0, 'z': [2, 6.5], 'xy': [], 'av': {'1': '1'}},
        '+mHHT-tg': {'vid': '1', 'flg': 0, 'z': [9, 20], 'xy': [], 'av': {'1': '2', '3': '0,1'}},
        'x': {'vid': '2', 'flg': 0, 'z': [1, 2], 'xy': [], 'av': {}},
        'y': {'vid': '3', 'flg': 0, 'z': [1, 2], 'xy': [], 'av': {'1': '1'}},
        'fH-oMre1': {'vid': '1', 'flg': 0, 'z': [0.917], 'xy': [2, 263, 184, 17, 13],
                     'av': {'2': 'Egg'}}}}


def test_options_are_what_people_saw_and_the_rest_is_counted():
    labels = Labels()
    assert is_via(PROJECT)
    read_via(PROJECT, labels)
    assert [(row.video, row.source, row.label, row.start_sec, row.end_sec) for row in labels.rows
            ] == [('Alioli.mp4', 'Activity', 'Break Egg', 2, 6.5),
                  ('Alioli.mp4', 'Activity', 'Pour Liquid', 9, 20),
                  ('Alioli.mp4', 'Hands', 'left', 9, 20), ('Alioli.mp4', 'Hands', 'right', 9, 20)]
    assert list(labels.videos) == ['Alioli.mp4', 'mouse.mp4']
    assert labels.left_over == {
        'views of several files, or of none': 1, 'segments without a value': 1,
        'metadata of views that are left out': 1, 'metadata of frames and regions': 1}


def test_metadata_that_cannot_be_read_is_named():
    project = json.loads(json.dumps(PROJECT))
    project['metadata'] = {'m': {'vid': '1', 'z': [1, 'x'], 'xy': [], 'av': {'1': '1'}}, 'n': {}}
    labels = Labels()
    read_via(project, labels)
    assert "metadata 'm': " in labels.faults[0]
    assert labels.faults[1] == ("metadata 'n': cannot be read (KeyError: \"'vid'\"); expected what "
                                'VIA 3 writes: save it there again')
