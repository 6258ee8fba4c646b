"""A GitHub simulator, and a small world to see the program work in.

In: a script of what people do on both sides. Out: the passes it led to, and both sides compared.
May import: `reconciler.bootstrap`, and its words (model, errors, config, logs); never another room.
"""
