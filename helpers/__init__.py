"""The course's helpers: one small module a step, in the order in which the data flows.

environment    where the project lives; device, precision, seeds
parameters     the rules for the notebooks' parameters
messages       errors that a learner meets, in one sentence; times
files          write a file or a folder whole or not at all

catalog        the data sets: addresses, sizes, checksums, classes, licences
download       find a data set: cache, mirror folder, download, or drawn samples
samples        the drawn sample pictures (drawn_hands, _faces, _garments, _surfaces)
idx            read idx files, in which Fashion-MNIST is published
pictures       list, decode and resize once, cache, hold out, batch
splits         share pictures out by the numbers of their files
augmentation   one batched affine warp, new backgrounds, new light
networks       the networks the lessons train
backbones      pretrained networks, found and built (efficientnet_lite, imagenet)
transfer       cut a network in two, join its halves, freeze what stays as it is
activations    what the frozen part makes of the pictures, computed once, kept on disk
training       train with one live line of progress
evaluation     accuracy with its interval, confusion, worst mistakes
explanation    what a network looks at: Grad-CAM
plotting       every figure of the course, with its alt text
diagrams       drawings that explain an idea
photos         a learner's own photo: open, straighten, classify
results        a record of each run; the table published | measured
exercises      questions with feedback, one module a lesson

reruns         the command line: notebooks run again, gathered on one page
execution      one run of one notebook by papermill, checked before it starts
matrix         a grid of runs from a YAML file
run_keys       what makes two runs the same
sweeps         the runs of a matrix, each once, however often it is stopped
ray_runs       the same runs on many machines, by Ray
storage        copies in a bucket, by papermill's storage addresses
comparison     all records in one table; is a difference real? (comparison_figures)
stored_runs    the run whose outputs are stored in a lesson, as a record
replication    RESULTS.md: what is published, what was measured here
site           the web site: lessons, results and notes as static pages
publishing     execute a notebook in place, as it is committed
address        the course's address on GitHub, in all places at once
"""

from datetime import UTC, datetime

STARTED = datetime.now(UTC)  # a notebook's first cells import a helper; its record says when
