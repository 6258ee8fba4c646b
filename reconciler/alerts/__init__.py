"""Alerts to the operator's address: one JSON POST per batch (`[alerts] url`).

In: the problems that began or ended. Out: whether the address accepted them. May import: model, ports,
errors, logs; beside `github` the only package with httpx (docs/decisions/0020).
"""
