"""How the keys of the settings are called on the page. A key that is not here is shown by its name."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "severity": "Labels for the severity",
    "category": "Labels for the category",
    "stage": "Labels for the stage",
    "severity_as": "Where GitHub has the severity",
    "people": "Members and their GitHub accounts",
    "people_may_ping": "Notify members who are mentioned",
    "export": "Which reports get an issue",
    "export_only": "Only reports with",
    "labels": "Further labels of new issues",
    "assignee": "Assignee of new issues",
    "milestone": "Milestone of new issues",
    "type": "Type of new issues",
    "link_comment": "Comment on issues that are linked",
    "private_prefix": "Private comments begin with",
    "redact": "Redaction",
    "sections": "Sections of new issues",
    "comments_from": "Whose comments come from GitHub",
    "resolution_comment": "Comment on who closed the issue",
    "mail": "Mail about trouble that lasts",
    "directions": "Directions",
    "conflict": "When both sides changed",
}

HINTS: Mapping[str, str] = {
    "severity": "One label a line. The first one is written, all of them are read.",
    "category": "One label a line. The first one is written, all of them are read.",
    "stage": "One label a line. Without a label, GitHub says nothing of the stage.",
    "people": "One member a line: the id in BugSpark = the login on GitHub.",
    "people_may_ping": "An @mention in a member’s comment notifies the account on GitHub.",
    "export": "manual: by the button. all: every report that is filed from now on.",
    "export_only": "Where every report gets an issue: others are passed over when they are first seen, and "
    "are then exported by the button only, whatever is set later.",
    "labels": "One label a line, given to new issues only.",
    "private_prefix": "A comment that begins with this stays in BugSpark. For example #internal.",
    "redact": "E-mail addresses, credentials and queries of addresses are taken out of what goes to GitHub. "
    "auto: where anybody may read the repository.",
    "sections": "What the text of a new issue has.",
    "comments_from": "collaborators: only of those who may write to the repository.",
    "mail": "One mail to the owner when a problem has lasted an hour, and one when it is over.",
    "directions": "Which side follows the other.",
    "conflict": "Which side wins.",
}

WORDS_WITHOUT_NONE = frozenset({"export_only"})
"""Keys whose lists mean the same empty as absent."""
