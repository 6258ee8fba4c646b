"""TOML, environment and systemd credentials → frozen Settings; the only reader of the environment.

In: a file, variables, credential files. Out: Settings, or one ConfigurationError that says what is wrong,
where, and what to do. May import: model, errors. Only `load` imports pydantic, so `reconcile --help` stays
fast.
"""
