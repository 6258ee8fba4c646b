// A dashboard as BugSpark's: a table of bugs, one bug, and the form of the integration, in React 19.

import { useCallback, useEffect, useState } from "react";
import type { BugSparkSyncActionDetail, BugSparkSyncStateDetail } from "bugspark-sync";

export interface DashboardProps {
  bugs: string[];
  project: string;
}

export function Dashboard({ bugs, project }: DashboardProps) {
  const [view, setView] = useState<"bug" | "bugs" | "settings">("bug");
  const [signIn, setSignIn] = useState(0);
  useEffect(() => {
    const count = () => setSignIn((before) => before + 1);
    document.addEventListener("bugspark-sync-sign-in", count);
    return () => document.removeEventListener("bugspark-sync-sign-in", count);
  }, []);
  return (
    <main>
      <nav>
        <button onClick={() => setView("bug")}>Bug</button>
        <button onClick={() => setView("bugs")}>Bugs</button>
        <button onClick={() => setView("settings")}>Settings</button>
      </nav>
      {signIn > 0 && <p role="alert">Sign in again.</p>}
      {view === "bug" && <Bug bug={bugs[0]} />}
      {view === "bugs" && <Bugs bugs={bugs} />}
      {view === "settings" && <Settings project={project} />}
    </main>
  );
}

function Bug({ bug }: { bug: string }) {
  const [issue, setIssue] = useState<string | null>(null);
  const [outcome, setOutcome] = useState("");
  const [isReadonly, setReadonly] = useState(false);
  // Listeners are added to the elements themselves: React does not attach `on…` of a custom element to what it
  // hydrates (facebook/react#35446).
  const listenToState = useCallback((badge: HTMLElement | null) => {
    const take = (event: CustomEvent<BugSparkSyncStateDetail>) => setIssue(event.detail.issue?.badge ?? null);
    badge?.addEventListener("bugspark-sync-state", take);
    return () => badge?.removeEventListener("bugspark-sync-state", take);
  }, []);
  const listenToAction = useCallback((shown: HTMLElement | null) => {
    const take = (event: CustomEvent<BugSparkSyncActionDetail>) =>
      setOutcome(`${event.detail.action}: ${event.detail.isDone ? "done" : "failed"}`);
    shown?.addEventListener("bugspark-sync-action", take);
    return () => shown?.removeEventListener("bugspark-sync-action", take);
  }, []);
  return (
    <article>
      <header>
        <h1>BUG-0001</h1>
        <bugspark-sync-badge report={bug} linked-note ref={listenToState} />
        <button disabled={issue !== null}>Export</button>
        <label>
          <input type="checkbox" checked={isReadonly} onChange={() => setReadonly(!isReadonly)} /> read only
        </label>
      </header>
      <output>{outcome}</output>
      <aside>
        <bugspark-sync-report report={bug} readonly={isReadonly} ref={listenToAction} />
      </aside>
    </article>
  );
}

function Settings({ project }: { project: string }) {
  const [message, setMessage] = useState("");
  return (
    <>
      <output>{message}</output>
      <bugspark-sync-project
        project={project}
        onbugspark-sync-action={(event) => setMessage(event.detail.message)}
      />
    </>
  );
}

function Bugs({ bugs }: { bugs: string[] }) {
  return (
    <table>
      <tbody>
        {bugs.map((bug, index) => (
          <tr key={bug}>
            <td>BUG-{String(index + 1).padStart(4, "0")}</td>
            <td>
              <bugspark-sync-badge report={bug} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
