"""The course's tools: they run, compare, replicate and publish notebooks; no lesson imports them.

reruns         the command line: notebooks run again, gathered on one page
execution      one run of one notebook by papermill, checked before it starts
matrix         a grid of runs from a YAML file
run_keys       what makes two runs the same
sweeps         the runs of a matrix, each once, however often it is stopped
ray_runs       the same runs on many machines, by Ray
storage        copies in a bucket, by papermill's storage addresses
replication    RESULTS.md: what is published, what was measured here
publishing     execute a notebook in place, as it is committed
site           the web site: lessons, results and notes as static pages
address        the course's address on GitHub, in all places at once
"""
