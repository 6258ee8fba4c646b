"""The service: decides when a project is synced and by which process; starts, reloads and stops.

In: a DaemonBackend (schedule, scan, passes), a queue, signals, systemd's socket. Out: passes that were run,
log lines, notifications to systemd. May import: sync, ports, model, errors, logs, metrics.
"""
