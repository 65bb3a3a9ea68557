"""The course's helpers: what is fast, offline or drawn, in the order in which the data flows.

environment    where the project lives; device, precision, seeds
parameters     the rules for the notebooks' parameters
pace           how long a lesson takes, and what it cuts when time is short
messages       errors that a learner meets, in one sentence; times
files          write a file whole or not at all
fingerprints   what tells one state of the course's code from another

data/          catalog, download, at_hand, folders, pictures, groups, splits: find pictures
               (one's own, too), check, decode once, tell what belongs together, hold out
samples/       the drawn sample pictures: hands, faces, garments, surfaces
photos         a learner's own photo: open, straighten, classify
backgrounds    photographs and drawn pictures to put behind hands
webcam         a camera on the page: a game against a network, an album of one's own pictures
augmentation   one batched affine warp, new backgrounds, new light
pretrained/    weights, efficientnet_lite, imagenet: pretrained networks' weights, found and checked
activations    what the frozen part makes of the pictures, computed once, kept on disk
callbacks      one live line of progress, seconds of each epoch
evaluation     accuracy with its interval, confusion, worst mistakes
intervals      intervals and exact tests of accuracies, over seeds and over pictures
explanation    what a network looks at: Grad-CAM
claims         what a lesson claims, recomputed from records of several seeds
results        a record of each run; the table published | measured
comparison     all records in one table; is a difference real?
plotting/      every figure of the course, with its alt text; diagrams, comparison_figures
exercises/     questions with feedback, one module a lesson, and quizzes
progress       what a learner has answered; a file to hand in

What runs, compares, replicates and publishes the notebooks is in `tools`, which no helper imports.
"""

from datetime import UTC, datetime

STARTED = datetime.now(UTC)  # a notebook's first cells import a helper; its record says when
