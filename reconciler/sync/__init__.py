"""The pass: recover, observe, decide, apply, write; and the commands that people give about single projects.

In: a Context of ports and policies. Out: a PassResult, or the plan of a dry run.
May import: model, text, fields, decide, ports, errors, logs.
"""
