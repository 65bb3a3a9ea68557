"""The data sets: what there is and where it is found; pictures decoded, shared out, held out."""
