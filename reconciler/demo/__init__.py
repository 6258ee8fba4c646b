"""The demo, and the simulator of GitHub it runs on.

In: a script of user actions on both sides. Out: the passes after them, and both sides compared.
May import: `reconciler.bootstrap`, and its vocabulary (model, errors, config, logs); no other package.
"""
