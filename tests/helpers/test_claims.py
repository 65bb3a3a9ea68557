"""Claims that are recomputed from the records of several seeds."""

import json

import pytest

from helpers.claims import TESTS, TESTS_ASK, all_claims, claims, recorded
from helpers.intervals import read_told, share_interval, together


def write(folder, taught, figures):
    """A file of one claim, "a" above "b", and a record for each seed's figures."""
    (folder / "records").mkdir(exist_ok=True)
    (folder / "claims.toml").write_text(
        '[[group]]\nlesson = "02"\nname = "heads"\nrecords = "records/02-*.json"\n'
        '[[group.claim]]\nid = "x-1"\nsays = "A <small> head is better"\n'
        f'first = "a"\nsecond = "b"\ntaught = "{taught}"\n'
        '[[group]]\nlesson = "02"\nname = "goal"\nrecords = "records/02-*.json"\n'
        '[[group.claim]]\nid = "x-2"\nsays = "The goal is reached"\n'
        'first = "a"\nsecond = 0.5\ntaught = "holds"\n'
    )
    for seed, found in enumerate(figures):
        whole = {"low": None, "high": None, "n": None}
        measured = {
            name: whole | (each if isinstance(each, dict) else {"value": each})
            for name, each in found.items()
        }
        record = {
            "lesson": "02",
            "parameters": {"SEED": seed},
            "figures": measured,
            "published": [],
            "finished": "2026-11-28T10:00:00+00:00",
            "machine": {"cpu_count": 2, "precision": "float32"},
        }
        (folder / "records" / f"02-seed{seed}.json").write_text(json.dumps(record))
    return folder / "claims.toml"


@pytest.mark.parametrize(
    ("pairs", "verdict", "mean"),
    [
        ([(0.9, 0.8), (0.8, 0.7), (0.9, 0.7)], "holds: 3 of 3 seeds", "+0.133 (-0.010 to +0.277)"),
        ([(0.9, 0.8), (0.8, 0.7), (0.7, 0.7)], "open: 2 of 3 seeds", "+0.067 (-0.077 to +0.210)"),
        ([(0.8, 0.9), (0.7, 0.8), (0.7, 0.7)], "open: 0 of 3 seeds", "-0.067"),
        ([(0.8, 0.9), (0.7, 0.8), (0.7, 0.9)], "contradicted: 0 of 3 seeds", "-0.133"),
        ([(0.9, 0.1), (0.9, 0.2)], "open: 2 of 2 seeds", "+0.750"),
        ([], "no records yet", ""),
    ],
)
def test_the_seeds_decide(tmp_path, pairs, verdict, mean):
    figures = [{"a": {"value": a, "low": 0, "high": 1, "n": 9}, "b": b} for a, b in pairs]
    left_open = claims("02", "heads", write(tmp_path, "open", figures)).claims[0].cells()[0]
    assert left_open == verdict.replace("contradicted: 0", "the opposite holds: 3")
    table = claims("02", "heads", write(tmp_path, "holds", figures))
    assert len(table.claims) == 1
    assert table.claims[0].cells()[0] == verdict
    assert table.claims[0].cells()[1].startswith(mean)
    assert "A &lt;small&gt; head" in table._repr_html_() and "A <small> head" in repr(table)


def test_a_number_can_be_the_goal_and_a_record_without_the_figure_is_left_out(tmp_path):
    path = write(tmp_path, "holds", [{"a": 0.9}, {"a": 0.8}, {"other": 1}, {"a": 0.6}])
    goal = claims("02", "goal", path).claims[0]
    assert goal.differences == pytest.approx({0: 0.4, 1: 0.3, 3: 0.1})
    assert goal.verdict == "holds"
    assert [claim.says for claim in claims("02", path=path).claims][1] == "The goal is reached"
    assert repr(claims("02", path=path)).endswith("2 cores, float32, 2026-11-28")


def test_against_a_number_the_interval_covers_the_pictures_that_records_tell(tmp_path):
    rights = ["1110", "1101", "1111"]
    told = together([read_told(right * 25) for right in rights])
    figures = [{"a": {"value": right.count("1") / 4, "right": right * 25}} for right in rights]
    goal = claims("02", "goal", write(tmp_path, "holds", figures)).claims[0]
    assert goal.interval == pytest.approx([end - 0.5 for end in share_interval(told)])
    assert goal.cells()[1].endswith(", seeds and pictures)") and goal.interval[1] < 0.5
    assert goal.p_values == ""


def test_a_lesson_without_claims_is_refused(tmp_path):
    path = write(tmp_path, "holds", [])
    with pytest.raises(ValueError, match="lists no claim of lesson '03', group ''"):
        claims("03", path=path)


def test_of_claims_and_judges_the_fewer_are_the_columns(tmp_path):
    figures = {"whole: films": 0.9, "whole: photographs": 0.6, "plain: films": 0.9}
    path = write(tmp_path, "holds", [figures | {"plain: photographs": 0.1 * n} for n in (1, 2, 3)])
    path.write_text(
        '[[group]]\nlesson = "01"\nname = "changes"\nrecords = "records/02-*.json"\n'
        'judges = ["films", "photographs"]\n[[group.claim]]\nid = "x-1"\nsays = "scenes"\n'
        'first = "whole: {judge}"\nsecond = "plain: {judge}"\ntaught = "open"\n'
    )
    table = claims("01", path=path)
    assert table.head == ("gain from", "scenes")
    assert table.rows == [
        ("films", "+0.000, open: 0 of 3 seeds"),
        ("photographs", "+0.400 (+0.152 to +0.648), holds: 3 of 3 seeds"),
    ]
    assert "<td" in table._repr_html_() and repr(table).startswith("gain from   | scenes")
    claim = path.read_text().split("[[group.claim]]")[1].replace("scenes", "light")
    path.write_text(path.read_text() + f"[[group.claim]]{claim}")
    table = claims("01", path=path)
    assert table.head == ("gain from", "films", "photographs")
    assert [row[0] for row in table.rows] == ["scenes", "light"]


def test_no_lesson_teaches_what_its_records_deny():
    for claim in all_claims():
        assert claim.taught in ("holds", "open"), claim.id
        assert not claim.is_taught_wrongly, f"{claim.id} {claim.judge}: {claim.cells()}"


@pytest.mark.parametrize(
    ("taught", "second", "wrong"),
    [("holds", 0.8, True), ("holds", 0.95, True), ("open", 0.95, False), ("holds", 0.5, False)],
)
def test_a_claim_taught_as_holding_fails_where_three_seeds_deny_it(tmp_path, taught, second, wrong):
    figures = [{"a": 0.7, "b": second}, {"a": 0.8, "b": second}, {"a": 0.9, "b": second}]
    (claim,) = claims("02", "heads", write(tmp_path, taught, figures)).claims
    assert claim.is_taught_wrongly == wrong
    (tmp_path / "one seed").mkdir()
    (claim,) = claims("02", "heads", write(tmp_path / "one seed", taught, figures[:1])).claims
    assert not claim.is_taught_wrongly


@pytest.mark.parametrize("text", ['{"a": 1}', "[]", "{", '{"schema": 9}'])
def test_a_file_that_is_no_record_is_left_out_and_told(tmp_path, capsys, text):
    path = write(tmp_path, "holds", [{"a": 0.9, "b": 0.5}] * 3)
    expected = repr(claims("02", path=path))
    (tmp_path / "records" / "02-other.json").write_text(text)
    assert repr(claims("02", path=path)) == expected
    (line,) = set(capsys.readouterr().out.splitlines())
    assert line.startswith("Left out: ") and "02-other.json" in line


def test_a_record_without_a_seed_is_left_out_and_told(tmp_path, capsys):
    path = write(tmp_path, "holds", [{"a": 0.9, "b": 0.5}] * 3)
    record = (tmp_path / "records" / "02-seed0.json").read_text()
    (tmp_path / "records" / "02-x.json").write_text(record.replace('{"SEED": 0}', "{}"))
    assert len(claims("02", "heads", path).claims[0].differences) == 3
    assert "02-x.json is not a record of a seed (KeyError: 'SEED')" in capsys.readouterr().out


def test_a_training_that_was_cut_short_decides_nothing(tmp_path):
    path = write(tmp_path, "holds", [{"a": 0.5, "b": 0.9}] * 3)
    text = path.read_text().replace('name = "heads"', 'name = "heads"\nleast = { SEED = 1 }')
    path.write_text(text)
    (claim,) = claims("02", "heads", path).claims
    assert sorted(claim.differences) == [1, 2]


def test_every_claim_of_the_course_has_a_name_of_its_own():
    names = [(claim.id, claim.judge) for claim in all_claims()]
    assert len(set(names)) == len(names) > 50
    assert all(claim.id.startswith(("01-", "02-", "03-", "04-", "05-")) for claim in all_claims())


def test_where_records_say_what_was_right_the_interval_speaks_of_pictures_too(tmp_path):
    def figure(hits):
        return {"value": hits / 100, "right": "1" * hits + "0" * (100 - hits)}

    figures = [{"a": figure(90 + seed), "b": figure(80 + seed)} for seed in range(3)]
    (claim,) = claims("02", "heads", write(tmp_path, "holds", figures)).claims
    assert claim.cells()[0] == "holds: 3 of 3 seeds"
    assert claim.cells()[1].startswith("+0.100 (+0.03") and "seeds and pictures" in claim.cells()[1]
    assert claim.p_values == "0.002, 0.002, 0.002"  # ten heads of ten tosses, or none
    table = claims("02", path=tmp_path / "claims.toml")
    assert [row[3:] for row in table.rows] == [("0.002, 0.002, 0.002",), ("",)]
    assert table.head[3:] == (TESTS,) and table.lines[0] == TESTS_ASK


def test_a_figure_is_read_from_each_record_that_has_it(tmp_path):
    write(tmp_path, "holds", [{"a": 0.9}, {"b": 0.8}, {"a": {"value": 0.6, "n": 10}}])
    assert recorded("records/02-*.json", "a", tmp_path) == {0: 0.9, 2: 0.6}
