"""The walk: recover, observe, decide, apply, write, and the pass that calls them.

In: a Context of ports and policies. Out: a PassResult, or a plan nobody carries out.
May import: model, decide, ports, errors, logs.
"""
