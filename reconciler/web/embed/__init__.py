"""The elements that BugSpark's dashboard embeds: one ES module, its type declarations, and their routes.

The files in `module/` are the module's source: plain scripts that share one scope, joined in the order of
`files.MODULE_PARTS` when the program starts. Nothing is built, and there is no other dependency.
"""
