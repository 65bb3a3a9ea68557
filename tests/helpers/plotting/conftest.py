"""What all tests of figures share."""

import matplotlib.pyplot as plt
import pytest

from helpers.plotting import diagrams, diagrams_02, diagrams_03, diagrams_05


@pytest.fixture(autouse=True)
def no_other_figures():
    """Each test begins without the figures of others in the same process."""
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def drawn(monkeypatch):
    """Collect (figure, alt text) of every drawing instead of displaying it."""
    figures = []
    for module in (diagrams, diagrams_02, diagrams_03, diagrams_05):
        monkeypatch.setattr(module, "show_drawing", lambda *each: figures.append(each))
    return figures
