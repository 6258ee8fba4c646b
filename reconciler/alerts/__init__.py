"""The doorway to whoever the operator wants told: one JSON POST per batch of alerts (`[alerts] url`).

In: what began and what ceased to need a person. Out: whether it was taken. May import: model, ports, errors,
logs; beside `github` the only room with httpx (docs/decisions/0020).
"""
