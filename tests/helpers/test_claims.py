"""Claims of trainings over several seeds."""

import json

from helpers.claims import claims


def test_a_change_holds_where_all_seeds_agree_and_is_open_else(tmp_path):
    kept = {
        "setting": "Tiny & quick.",
        "whole": {"films": [0.9, 0.8, 0.7], "photographs": [0.5, 0.5, 0.5]},
        "without": {
            "strides": {"films": [0.8, 0.7, 0.6], "photographs": [0.4, 0.6, 0.5]},
            "<drawn>": {"films": [0.9, 0.9, 0.9]},
        },
    }
    (tmp_path / "tiny.json").write_text(json.dumps(kept))
    shown = claims("tiny", tmp_path)
    assert shown.rows["strides"] == [
        "+0.100 (+0.100 to +0.100), 3 of 3 seeds",
        "+0.000 (-0.100 to +0.100), open",
    ]
    assert shown.rows["<drawn>"] == ["-0.100 (-0.200 to +0.000), open", "–"]
    assert "&lt;drawn&gt;" in shown._repr_html_() and "Tiny &amp; quick." in shown._repr_html_()
    assert repr(shown).splitlines()[0].split() == ["|", "films", "|", "photographs"]
    assert repr(shown).splitlines()[-1] == "Tiny & quick."


def test_two_seeds_prove_nothing(tmp_path):
    kept = {"setting": "", "whole": {"films": [0.9, 0.9]}, "without": {"a": {"films": [0.1, 0.1]}}}
    (tmp_path / "two.json").write_text(json.dumps(kept))
    assert claims("two", tmp_path).rows["a"][0].endswith("open")
