-- What the reconciler's PostgreSQL role needs once `reconcile migrate` has run (run that as the owner of
-- BugSpark's tables). Replace the role's name; give it a password of its own, or let it sign in by peer or
-- certificate. tests/store/test_role.py runs this file and then the store, so it is complete and not more.

GRANT USAGE ON SCHEMA public TO reconciler;

-- BugSpark: read what is synced …
GRANT SELECT ON projects, project_members, reports, comments, integrations TO reconciler;
GRANT SELECT (id, email, name, role, is_active, beta_status) ON users TO reconciler;

-- … and write nothing but this.
GRANT UPDATE (status, severity, category, title, updated_at,
              github_issue_number, github_issue_url, github_repo) ON reports TO reconciler;
GRANT INSERT, DELETE, UPDATE (body, created_at) ON comments TO reconciler;
-- The webhook secret (`reconcile webhook`) is a key of this column; no other key of it is ever changed.
GRANT UPDATE (config) ON integrations TO reconciler;

-- The reconciler's own tables.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    sync_meta, sync_projects, sync_lists, sync_accounts, sync_links, sync_comments, sync_intents,
    sync_governor, sync_runs, sync_changes, sync_withheld, sync_locks, sync_differences,
    sync_hooks, sync_deliveries, sync_unannounced TO reconciler;
GRANT USAGE ON sync_runs_id_seq, sync_changes_id_seq TO reconciler;
GRANT SELECT ON reconciler_alembic_version TO reconciler;

-- Only with bugspark.notify_webhooks = true: BugSpark's customers' webhooks are called for synced changes.
-- GRANT SELECT (id, project_id, events, is_active, created_at) ON webhooks TO reconciler;
-- GRANT INSERT ON background_tasks TO reconciler;

-- The queue that several daemons share (Procrastinate). `reconcile daemon` needs it; other commands do not.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    procrastinate_jobs, procrastinate_workers, procrastinate_events, procrastinate_periodic_defers TO reconciler;
GRANT USAGE ON procrastinate_jobs_id_seq, procrastinate_events_id_seq TO reconciler;
