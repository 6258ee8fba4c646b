"""TOML, environment and systemd credentials → frozen Settings; the only reader of the environment.

In: a file, variables, credential files. Out: Settings, or one ConfigurationError that says what, where and
what to do. May import: model, errors. Pydantic comes late, with `load`: `reconcile --help` never pays for it.
"""
