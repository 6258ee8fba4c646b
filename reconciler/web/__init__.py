"""The program over HTTP: webhook receiver, probes, JSON API, pages.

In: requests, from anybody. Out: responses made of the model's values; requests for passes through the queue's
port; nothing of a webhook's payload is applied. May import: ports, model, errors, logs, metrics.
"""
