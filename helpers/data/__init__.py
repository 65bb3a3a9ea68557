"""The data sets: what there is, where it is found, how pictures are decoded, shared out and held out."""
