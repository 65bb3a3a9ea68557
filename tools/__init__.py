"""The course's tools: they run, compare, replicate and publish notebooks; no lesson imports them.

reruns         the command line: notebooks run again, gathered on one page
execution      one run of one notebook by papermill, checked before it starts
matrix         a grid of runs from a YAML file
run_keys       what makes two runs the same
sweeps         the runs of a matrix, each once, however often it is stopped
ray_runs       the same runs on many machines, by Ray
storage        copies in a bucket, by papermill's storage addresses
replication    RESULTS.md: what is published, what was measured here
speed          RESULTS.md's section on time, from what the benchmarks wrote
whole_folders  a folder in the place of another
outputs        the pictures among a notebook's outputs
safe_html      what of a notebook a page may show
publishing     execute a notebook in place, as it is committed
take_along     one .html file that holds a trained network, for a phone or a friend;
               take_along_page, its text
gather         learners' progress, from the files that they handed in, on one page
slides         each lesson's slides for the projector, one .html file each
site           the web site: lessons, results and notes as static pages
templates      the templates of all these pages
address        the course's address on GitHub, in all places at once
"""

import os
import sys
from typing import Any

STOPPED = "\nStopped; what was finished is kept."


def _told(kind: type[BaseException], error: BaseException, calls: Any) -> None:
    """Tell Ctrl-C in one sentence, even in the seconds in which a tool's packages load."""
    if not issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, calls)
    print(STOPPED, file=sys.stderr, flush=True)
    os._exit(130)


sys.excepthook = _told
