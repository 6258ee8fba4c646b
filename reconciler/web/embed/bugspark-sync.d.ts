// Types of the elements that /embed/bugspark-sync.js defines. Copy this file into the dashboard's sources.

/** The synchronization state of a report. */
export type BugSparkSyncState = "synced" | "pending" | "conflict" | "attention" | "unlinked";

/** Of the event `bugspark-sync-state`: what is shown for a report has changed. */
export interface BugSparkSyncStateDetail {
  report: string;
  state: BugSparkSyncState;
  reason: string | null;
  issue: { badge: string; url: string } | null;
}

/** Of the event `bugspark-sync-action`: a command was answered. */
export interface BugSparkSyncActionDetail {
  action: string;
  isDone: boolean;
  message: string;
}

/** Words by key; what a table leaves out is English. A value with several forms is chosen by number. */
export type BugSparkSyncWords = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;

export interface BugSparkSyncBadgeElement extends HTMLElement {
  /** The id of the report. */
  "report": string;
  "linked-note": boolean;
}

export interface BugSparkSyncReportElement extends HTMLElement {
  /** The id of the report. */
  report: string;
  readonly: boolean;
}

export interface BugSparkSyncProjectElement extends HTMLElement {
  /** The id of the project. */
  project: string;
  readonly: boolean;
}

/**
 * For elements that React renders in the browser. In a page that React hydrates it does not attach these
 * (facebook/react#35446): add a listener to the element in a `ref` instead.
 */
interface BugSparkSyncEvents {
  "onbugspark-sync-state"?: (event: CustomEvent<BugSparkSyncStateDetail>) => void;
  "onbugspark-sync-action"?: (event: CustomEvent<BugSparkSyncActionDetail>) => void;
  "onbugspark-sync-sign-in"?: (event: CustomEvent<Record<string, never>>) => void;
}

type Props<Element extends HTMLElement, Own> = import("react").DetailedHTMLProps<
  import("react").HTMLAttributes<Element>,
  Element
> &
  BugSparkSyncEvents &
  Own;

declare global {
  interface HTMLElementTagNameMap {
    "bugspark-sync-badge": BugSparkSyncBadgeElement;
    "bugspark-sync-report": BugSparkSyncReportElement;
    "bugspark-sync-project": BugSparkSyncProjectElement;
  }
  interface HTMLElementEventMap {
    "bugspark-sync-state": CustomEvent<BugSparkSyncStateDetail>;
    "bugspark-sync-action": CustomEvent<BugSparkSyncActionDetail>;
    "bugspark-sync-sign-in": CustomEvent<Record<string, never>>;
  }
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "bugspark-sync-badge": Props<BugSparkSyncBadgeElement, { "report": string; "linked-note"?: boolean }>;
      "bugspark-sync-report": Props<BugSparkSyncReportElement, { report: string; readonly?: boolean }>;
      "bugspark-sync-project": Props<BugSparkSyncProjectElement, { project: string; readonly?: boolean }>;
    }
  }
}
