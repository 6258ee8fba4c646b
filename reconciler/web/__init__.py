"""What the program shows and takes in over HTTP: webhook receiver, probes, JSON API, pages.

In: requests, from anybody. Out: answers made of the model's values; nudges through the queue's port; nothing
of a payload is ever applied. May import: ports, model, errors, logs, metrics.
"""
