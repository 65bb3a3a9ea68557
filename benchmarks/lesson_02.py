"""Lesson 2: fresh copies through the frozen base against the features of kept copies.

    python -m benchmarks.lesson_02

Trains nothing. Each record of the lesson at the published pace (benchmarks/records/) holds both
ways, trained one after the other: the same head on the same base in the same precision. Fresh: the
base runs over every augmented batch of the course's. Kept: it runs once over some copies of each
picture, whose seconds count. The goal is what fresh copies reach on the test films in the mean of
their last ten epochs, less 0.01. Writes benchmarks/lesson_02.json.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.shared import History, summarise, trained
from helpers.files import write_atomically
from helpers.results import load_record

OUTPUT = Path(__file__).with_suffix(".json")
RECORDS = Path(__file__).with_name("records")
FRESH, KEPT, LAST = "fresh copies", "own range, calm, averaged head", 10
GOAL = -0.01


def ways_of(record: dict) -> dict[str, History]:
    """Return both ways of a record; accuracies are less the mean of the last ten fresh epochs."""
    fresh, kept = (record["histories"][name] for name in (FRESH, KEPT))
    whole = 60 * record["figures"]["copies_kept_minutes"]["value"]
    ways = {FRESH: trained(fresh), "kept copies": trained(kept, whole - kept["seconds"][-1])}
    mean = np.mean(fresh["val_accuracy"][-LAST:])
    return {
        name: {**way, "accuracy": [each - mean for each in way["accuracy"]]}
        for name, way in ways.items()
    }


def main() -> None:
    """Compare the ways in all records that hold both, and write the comparison."""
    seeds = {}
    for path in sorted(RECORDS.glob("02-*.json")):
        record = load_record(path)
        if FRESH in record["histories"] and "copies_kept_minutes" in record["figures"]:
            told = record["machine"]
            machine = ", ".join(str(told[name]) for name in ("processor", "instructions"))
            machine += f", {told['cpu_count']} cores, {told['precision']}"
            row = {"machine": machine, "ways": ways_of(record)}
            seeds[str(record["parameters"]["SEED"])] = row
    watched = "test accuracy, less that of fresh copies in their last ten epochs"
    found = {"settings": {"goal": GOAL, "watched": watched}, "seeds": seeds}
    found["summary"] = summarise(found, base=FRESH) if seeds else {}
    write_atomically(OUTPUT, json.dumps({"frozen base": found}, indent=1) + "\n")
    print(json.dumps(found["summary"], indent=1))


if __name__ == "__main__":
    main()
