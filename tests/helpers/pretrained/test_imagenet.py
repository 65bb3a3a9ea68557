"""ImageNet's class names, offline and in order."""

from helpers.pretrained.imagenet import class_names


def test_the_names_stand_in_imagenets_order():
    names = class_names()
    assert len(names) == 1000
    # The five cats follow each other; their places are those of every published ImageNet network.
    assert names[281:286] == ("tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat")
    assert (names[0], names[153], names[999]) == ("tench", "Maltese dog", "toilet tissue")
