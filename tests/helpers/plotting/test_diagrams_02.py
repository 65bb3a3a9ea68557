"""The drawings of lesson 2 are narrow vector graphics that say in words what they show."""

from helpers.plotting import diagrams, diagrams_02

CURVES = {
    (line, column, row): [0.5, 0.9 if column == "constant" else 0.7, 0.7]
    for line in ("own", "published")
    for column in ("constant", "calm")
    for row in ("flat", "averaged")
}


def test_the_ways_are_narrow_and_named(drawn):
    diagrams_02.training_ways()
    ((figure, alt),) = drawn
    assert figure.get_figwidth() <= diagrams.NARROW
    figure.draw_without_rendering()
    texts = [text.get_text() for text in figure.axes[0].texts]
    for title, boxes, runs in diagrams_02.WAYS:
        assert title in texts and title in alt
        assert all(words in texts for words, *_ in (*boxes, *(run[::-1] for run in runs)))


def test_the_grid_has_a_panel_for_each_pair_and_tells_the_range(drawn):
    diagrams_02.curve_grid(CURVES, "Eight trainings", "test accuracy")
    ((figure, alt),) = drawn
    assert [len(axis.lines) for axis in figure.axes] == [2, 2, 2, 2]
    titles = [axis.get_title("left") for axis in figure.axes]
    assert titles == ["constant, flat", "calm, flat", "constant, averaged", "calm, averaged"]
    assert "own, constant, flat: over the last ten epochs 0.500 to 0.900" in alt
