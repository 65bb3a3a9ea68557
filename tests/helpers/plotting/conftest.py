"""What all tests of figures share."""

import matplotlib.pyplot as plt
import pytest

from helpers import plotting


@pytest.fixture(autouse=True)
def no_other_figures():
    """Each test begins without the figures of others in the same process."""
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def drawn(monkeypatch):
    """Collect (figure, alt text) of every figure and drawing instead of displaying it."""
    found = []
    monkeypatch.setattr(plotting, "_present", lambda *given: found.append((given[0], given[-1])))
    return found


@pytest.fixture
def shown(monkeypatch):
    """Collect the alt text of every figure and drawing instead of displaying it."""
    texts = []
    monkeypatch.setattr(plotting, "_present", lambda *given: texts.append(given[-1]))
    return texts
