"""Json of others, and what in it is a number, a segment or a name."""
from __future__ import annotations

import math

import pytest

from mmlofi.json_values import brief, number, pair, parse_json, repeated_keys, text_fault


@pytest.mark.parametrize(('value', 'expected'), [
    (1, 1.0), ('92.166667', 92.166667), (' 2 ', 2.0), (-0.5, -0.5), ('1e3', 1000.0)])
def test_numbers_and_texts_of_numbers_are_numbers(value, expected):
    assert number(value) == expected


def test_a_number_need_not_be_finite():
    assert math.isnan(number('nan'))
    assert number(1e999) == math.inf


@pytest.mark.parametrize('value', [True, None, 'one', '', '1_000', [1], {}, 10**400])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match='is no number'):
        number(value)


def test_a_pair_is_a_list_of_two_numbers():
    assert pair(['1', 2.5]) == (1, 2.5)
    for value in ([1], [1, 2, 3], '12', {'a': 1, 'b': 2}, None, 5):
        with pytest.raises(ValueError, match='is no pair'):
            pair(value)


@pytest.mark.parametrize(('value', 'fault'), [
    ('Läufer, schnell', None), (' Pour', None), ('', "'' is empty"), (' \t', 'is empty'),
    (None, 'None is no text'), (3, '3 is no text'), (['a'], "['a'] is no text"),
    ('a\ud800', "'a\\ud800' has characters"), ('a\0', 'has characters'),
    ('a\x1b[2J', "'a\\x1b[2J' has characters"), ('a\x9b2J', 'has characters'), ('a\tb\n', None)])
def test_a_name_is_a_text_that_can_be_written(value, fault):
    assert text_fault(value) is fault is None or fault in text_fault(value)


def test_a_key_that_comes_again_is_known_with_whether_its_value_differs():
    content = parse_json(b'{"a": 1, "b": [1], "a": 2, "b": [1], "c": {"d": 0, "d": 0}}')
    assert content == {'a': 2, 'b': [1], 'c': {'d': 0}}
    assert repeated_keys(content) == ['a']
    assert repeated_keys(content, differing=False) == ['b']
    assert repeated_keys(content['c'], differing=False) == ['d']
    assert repeated_keys([1]) == repeated_keys({'a': 1}) == []


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_json_is_taken_in_the_encodings_that_programs_write(encoding):
    assert parse_json('{"ä": "€"}'.encode(encoding)) == {'ä': '€'}


@pytest.mark.parametrize(('data', 'reason'), [
    (b' \n', 'it is empty'), (b'{"a": 1', "Expecting .* it begins with b'{\"a\": 1'"),
    (b'[' * 10**5, 'it is nested too deeply'), (b'"\xe4"', "can't decode byte 0xe4"),
    (b'9' * 5000, 'Exceeds the limit')])
def test_what_is_no_json_is_refused_with_the_reason(data, reason):
    with pytest.raises(ValueError, match=reason):
        parse_json(data)


def test_values_are_shown_briefly_however_deep_they_are_nested():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    assert brief(nested) == '[[[[...]]]]'
    assert len(brief('x' * 10**6)) <= 80
    assert brief(parse_json(b'{"a": 1, "a": 2}')) == "{'a': 2}"


def test_a_number_that_python_does_not_write_is_shown_as_such():
    assert len(brief([1, 10**5000])) <= 80
