// <bugspark-sync-badge report="…">: the issue of a report, in one line. Without an issue it takes no room.

class BadgeElement extends SyncElement {
  static subject = "report";
  static flags = ["linked-note"];

  start() {
    if (this.subjectId) badgeFeed.add(this.changed, this.subjectId);
  }

  stop() {
    badgeFeed.remove(this.changed);
  }

  changed = () => {
    const { feed } = badgeFeed;
    // One event for all badges: it concerns the page, not a report.
    if (badgeFeed.isFirst(this.changed)) this.announceSignIn(feed.problem === Problem.SIGNED_OUT);
    const report = badgeFeed.reportOf(this.subjectId);
    if (report) this.announceState(stateDetail(report));
    this.update();
  };

  view() {
    const report = badgeFeed.reportOf(this.subjectId);
    if (!report || report.state === "unlinked") return null;
    const { feed } = badgeFeed;
    const isOld = feed.problem !== undefined || feed.isOld;
    const name = report.issue ? report.issue.badge : plain("badge.no-issue");
    const tooltip = [
      textOf(stateSign(report.state).children[1]),
      report.reason && visibleLine(report.reason),
      isOld && plain(problemKey(feed)),
      isOld && plain("shown-as-of", { age: ageText(feed.answeredAt, Date.now()) }),
    ].filter(Boolean);
    return [
      link(
        report.issue?.url,
        {
          "class": "badge",
          "title": tooltip.join("\n"),
          "aria-label": `${visibleLine(name)}: ${tooltip.join(". ")}`,
        },
        this.hasAttribute("linked-note") && report.issue ? h("span", null, t("badge.linked-already")) : null,
        h("span", { class: "mono" }, written(name)),
        stateSign(report.state),
        isOld ? icon("old") : null,
      ),
    ];
  }
}

const stateDetail = (report) => ({
  report: report.id,
  state: report.state,
  reason: report.reason ?? null,
  issue: report.issue ? { badge: report.issue.badge, url: report.issue.url } : null,
});

const problemKey = (feed) => (feed.problem === undefined ? "problem.old" : `problem.${feed.problem}`);
