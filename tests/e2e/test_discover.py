"""Issues that BugSpark's own button exported without storing the link.

Source: docs/reference/bugspark.md, The existing export.
"""

from reconciler.demo.github.rows import Issue
from tests.support.command import Installation


def exported(installation: Installation, name: str, title: str, *, by: str = "bugspark-bot") -> Issue:
    body = f"## Bug Report: {name}\n\n**Severity:** high\n\n---\n*Exported from BugSpark ({name})*"
    return installation.github.web.open_issue(f"[{name}] {title}", body, by=by, labels=["bug", "high"])


def test_old_exports_are_shown_and_linked_on_demand(each_installation: Installation) -> None:
    report = each_installation.bugspark.add_report(each_installation.project, "It breaks")
    number = exported(each_installation, "BUG-0001", "It breaks").number
    exported(each_installation, "BUG-0001", "It breaks", by="alice")
    each_installation.configure(sync={"discover": "manual"})
    assert each_installation.sync_shop().code == 0
    assert each_installation.columns(report)[1] is None
    before = each_installation.everything()
    shown = each_installation.reconcile("discover", "--project", "Shop")
    assert (shown.code, shown.out) == (0, f"BUG-0001  acme/web#{number}  [BUG-0001] It breaks\n")
    assert shown.err.startswith("This asks GitHub about ")
    assert "reconcile discover --project Shop --apply" in shown.err
    after = each_installation.everything()
    assert (after[1], after[0]["reports"], after[0]["sync_links"]) == (
        before[1],
        before[0]["reports"],
        before[0]["sync_links"],
    )
    done = each_installation.reconcile("discover", "--project", "Shop", "--apply", "--json")
    assert (done.code, done.row["linked"]) == (0, 1)
    assert each_installation.columns(report)[:2] == ("acme/web", number)
    assert each_installation.sync_shop().code == 0
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["severity"] in ("high", "medium")
    again = each_installation.reconcile("discover", "--project", "Shop", "--apply")
    assert (again.code, again.out) == (0, "")
    assert "0 matches" in again.err


def test_new_exports_are_taken_up_as_the_lists_bring_them(each_installation: Installation) -> None:
    assert each_installation.sync_shop().code == 0
    report = each_installation.bugspark.add_report(each_installation.project, "It breaks")
    other_report = each_installation.bugspark.add_report(each_installation.project, "Other")
    number = exported(each_installation, "BUG-0001", "It breaks").number
    exported(each_installation, "BUG-0002", "Other", by="bob")
    exported(each_installation, "BUG-0002", "Another title")
    assert each_installation.sync_shop().code == 0
    assert each_installation.columns(report)[:2] == ("acme/web", number)
    assert each_installation.columns(other_report) == (None, None, None)


def test_doubtful_ones_are_named_and_left(installation: Installation) -> None:
    """Two projects share a repository and both have the same report; and one report has two issues."""
    installation.configure(sync={"discover": "manual"})
    other = installation.bugspark.add_project("Other")
    installation.bugspark.add_integration(other, token=installation.github.token)
    installation.bugspark.add_report(installation.project, "Same", tracking_id="BUG-0001")
    installation.bugspark.add_report(other, "Same", tracking_id="BUG-0001")
    installation.bugspark.add_report(installation.project, "Twice", tracking_id="BUG-0002")
    installation.bugspark.add_report(installation.project, "Clear", tracking_id="BUG-0003")
    exported(installation, "BUG-0001", "Same")
    exported(installation, "BUG-0002", "Twice")
    exported(installation, "BUG-0002", "Twice")
    clear = exported(installation, "BUG-0003", "Clear").number
    done = installation.reconcile("discover", "--project", "Shop", "--apply")
    assert (done.code, done.out) == (0, f"BUG-0003  acme/web#{clear}  [BUG-0003] Clear\n")
    assert done.err.count("passed over: BUG-0001") == 1
    assert done.err.count("passed over: BUG-0002") == 2
    assert "1 match, 1 link stored" in done.err


def test_discover_of_an_unreadable_repository_says_so(installation: Installation) -> None:
    installation.github.world.revoke(installation.github.token)
    done = installation.reconcile("discover", "--project", "Shop")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
