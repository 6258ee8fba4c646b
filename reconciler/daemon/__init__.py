"""Time and processes: when a project is looked at, by whom, and how the service starts, reloads and ends.

In: a House (one look at a time: schedule, scan, a pass), a queue, signals, systemd's socket. Out: passes that
were run, lines of log, and what systemd is told. May import: cycle, ports, model, errors, logs, metrics.
"""
