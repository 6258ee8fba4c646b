"""Text in both directions: cleaned for BugSpark, inert for GitHub, truncated where needed. Deterministic.

In: untrusted strings of either side. Out: strings to write, and answers about strings.
May import: the standard library, `regex` (graphemes).
"""

from reconciler.model.report import unescape_html
from reconciler.text.clean import clean, normalise, single_line, text_digest
from reconciler.text.comment_text import (
    GHOST_LOGIN,
    UNKNOWN_AUTHOR,
    comment_to_bugspark,
    comment_to_github,
    has_bugspark_tag,
    is_rendering_of,
    is_same_text,
    parse_import,
)
from reconciler.text.inert import inert, inert_line
from reconciler.text.issue_text import (
    ExportedReport,
    count_redactions,
    export_footer,
    has_export_footer,
    is_button_export_title,
    issue_body,
    read_exported_values,
    title_from_github,
    title_to_github,
    tracking_id_in_footer,
    tracking_id_in_title,
)
from reconciler.text.references import find_mentions, without_mentions_of

__all__ = [
    "GHOST_LOGIN",
    "UNKNOWN_AUTHOR",
    "ExportedReport",
    "clean",
    "comment_to_bugspark",
    "comment_to_github",
    "count_redactions",
    "export_footer",
    "find_mentions",
    "has_bugspark_tag",
    "has_export_footer",
    "inert",
    "inert_line",
    "is_button_export_title",
    "is_rendering_of",
    "is_same_text",
    "issue_body",
    "normalise",
    "parse_import",
    "read_exported_values",
    "single_line",
    "text_digest",
    "title_from_github",
    "title_to_github",
    "tracking_id_in_footer",
    "tracking_id_in_title",
    "unescape_html",
    "without_mentions_of",
]
