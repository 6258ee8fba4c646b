-- What the reconciler's PostgreSQL role needs. Run it as the owner of BugSpark's tables after each
-- `reconcile migrate` (run that as the owner, too), all or nothing:
--     psql -v ON_ERROR_STOP=1 -f least-privilege-role.sql ADDRESS
-- `reconcile migrate --role-sql --role NAME` prints it for a role of another name. tests/store/test_role.py runs
-- the program with exactly these rights: they are enough, and none can be left out.
BEGIN;

-- The role itself is created by whoever may: the owner only with CREATEROLE, else the server's administrator.
-- Give it a password of its own, or let it sign in by peer or certificate.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reconciler') THEN
        RAISE EXCEPTION 'there is no role reconciler yet'
            USING HINT = 'Let an administrator (or an owner with CREATEROLE) run CREATE ROLE reconciler LOGIN '
                'PASSWORD ''...'', then run this file again.';
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO reconciler;

-- BugSpark: read what is synced …
GRANT SELECT (id, owner_id, name, is_active) ON projects TO reconciler;
GRANT SELECT (project_id, user_id, invite_accepted_at) ON project_members TO reconciler;
GRANT SELECT (id, name, role, is_active, beta_status) ON users TO reconciler;
GRANT SELECT (id, project_id, provider, config, is_active, created_at) ON integrations TO reconciler;
GRANT SELECT (id, project_id, tracking_id, title, description, severity, category, status, assignee_id, screenshot_url,
              annotated_screenshot_url, console_logs, metadata, reporter_identifier, created_at, updated_at,
              github_issue_number, github_issue_url, github_repo)
    ON reports TO reconciler;
GRANT SELECT (id, report_id, author_id, body, created_at, source) ON comments TO reconciler;

-- … and write nothing but this.
GRANT UPDATE (status, severity, category, title, assignee_id, updated_at,
              github_issue_number, github_issue_url, github_repo) ON reports TO reconciler;
GRANT INSERT (id, report_id, body, created_at, source), DELETE, UPDATE (body, created_at)
    ON comments TO reconciler;

-- What needs more than that is done by functions of the tables' owner: they set the webhook secret of a github
-- integration (`reconcile webhook`), and call BugSpark's customers' webhooks for synced changes
-- (bugspark.notify_webhooks; leave the second out where that is off, and the third where bugspark.s3 is not set).
GRANT USAGE ON SCHEMA bugspark_sync TO reconciler;
GRANT EXECUTE ON FUNCTION bugspark_sync.set_webhook_secret(uuid, text, text) TO reconciler;
GRANT EXECUTE ON FUNCTION bugspark_sync.enqueue_report_updated(uuid[]) TO reconciler;
GRANT EXECUTE ON FUNCTION bugspark_sync.enqueue_report_updated(uuid[], jsonb) TO reconciler;
-- … and mail a project's owner about trouble that lasts (owners.mail; leave it out where that is off).
GRANT EXECUTE ON FUNCTION bugspark_sync.mail_owner(uuid, text) TO reconciler;

-- The reconciler's own tables.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    sync_meta, sync_projects, sync_lists, sync_accounts, sync_links, sync_comments, sync_intents,
    sync_differences, sync_hooks, sync_deliveries, sync_followers TO reconciler;
GRANT SELECT, INSERT, UPDATE ON sync_governor TO reconciler;
GRANT SELECT, INSERT, DELETE ON
    sync_runs, sync_changes, sync_acts, sync_withheld, sync_unannounced, sync_settings,
    sync_skipped_reports TO reconciler;
GRANT USAGE ON sync_runs_id_seq, sync_changes_id_seq, sync_acts_id_seq TO reconciler;
GRANT SELECT ON reconciler_alembic_version TO reconciler;

-- The queue that several daemons share (Procrastinate). `reconcile daemon` needs it; other commands do not.
GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_workers TO reconciler;
GRANT INSERT ON procrastinate_events TO reconciler;
GRANT SELECT, UPDATE ON procrastinate_periodic_defers TO reconciler;
GRANT USAGE ON procrastinate_jobs_id_seq, procrastinate_events_id_seq TO reconciler;
GRANT EXECUTE ON FUNCTION
    procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]),
    procrastinate_fetch_job_v2(character varying[], bigint),
    procrastinate_finish_job_v1(bigint, procrastinate_job_status, boolean),
    procrastinate_register_worker_v1(),
    procrastinate_unregister_worker_v1(bigint),
    procrastinate_update_heartbeat_v1(bigint),
    procrastinate_prune_stalled_workers_v1(double precision) TO reconciler;

COMMIT;

-- Only where BugSpark's tables have row security switched on (docs/security.md, Row security):
-- ALTER ROLE reconciler BYPASSRLS;
