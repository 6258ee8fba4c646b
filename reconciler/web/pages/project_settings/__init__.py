"""The page `/projects/{id}/settings`: a project's own settings, as a form that is built from their keys.

In: what `ports.SettingsCommands` shows of the settings, and forms. Out: the page. May import what pages may.
"""
