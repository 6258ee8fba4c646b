"""Reports that follow the report which leads an issue: made, kept up, led by the next one.

In: a project's context under its lock. Out: changed reports and links. May import: what
`reconciler.sync` may.
"""
