"""Text both ways: cleaned for BugSpark, inert for GitHub, cut where it must be, the same for the same input.

In: strings as either side gives them, hostile. Out: strings to write, and verdicts about strings.
May import: the standard library, `regex` (graphemes).
"""

from reconciler.decide.text.clean import clean, digest, normalise, single_line
from reconciler.decide.text.comments import has_tag, is_imported, same_text, to_bugspark, to_github
from reconciler.decide.text.inert import MARKER_NAME, inert, inert_line, looks_like_marker
from reconciler.decide.text.issues import ExportedReport, export_footer, has_export_footer, issue_body
from reconciler.decide.text.titles import same_title, title_from_github, title_to_github
from reconciler.model.written import unescape

__all__ = [
    "MARKER_NAME",
    "ExportedReport",
    "clean",
    "digest",
    "export_footer",
    "has_export_footer",
    "has_tag",
    "inert",
    "inert_line",
    "is_imported",
    "issue_body",
    "looks_like_marker",
    "normalise",
    "same_text",
    "same_title",
    "single_line",
    "title_from_github",
    "title_to_github",
    "to_bugspark",
    "to_github",
    "unescape",
]
