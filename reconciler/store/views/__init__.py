"""What pages, `status` and metrics read. Nothing is written here.

In: a project, a report or a viewer. Out: values of `model`, to be shown as they are.
"""
