"""What all tests of figures share."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_other_figures():
    """Each test begins without the figures of others in the same process."""
    plt.close("all")
    yield
    plt.close("all")
