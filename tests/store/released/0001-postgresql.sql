SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE TYPE public.category_enum AS ENUM (
    'bug',
    'ui',
    'performance',
    'crash',
    'other'
);
CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);
CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);
CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);
CREATE TYPE public.severity_enum AS ENUM (
    'critical',
    'high',
    'medium',
    'low'
);
CREATE TYPE public.status_enum AS ENUM (
    'new',
    'triaging',
    'in_progress',
    'resolved',
    'closed'
);
CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;
CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;
    RETURN job_ids;
END;
$$;
CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;
    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;
    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;
    RETURN _job_id;
END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);
CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;
 RETURN found_jobs;
END;
$$;
CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;
CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;
CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;
CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.background_tasks (
    id uuid NOT NULL,
    task_type character varying(50) NOT NULL,
    payload jsonb NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 3 NOT NULL,
    next_retry_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone
);
CREATE TABLE public.comments (
    id uuid NOT NULL,
    report_id uuid NOT NULL,
    author_id uuid,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    source character varying(20)
);
CREATE TABLE public.integrations (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    provider character varying(50) NOT NULL,
    config jsonb NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;
CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;
CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);
CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;
CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.project_members (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    user_id uuid,
    email character varying(255) NOT NULL,
    role character varying(20) DEFAULT 'viewer'::character varying NOT NULL,
    invite_accepted_at timestamp with time zone
);
CREATE TABLE public.projects (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    domain character varying(1024) NOT NULL,
    api_key_hash character varying(128) NOT NULL,
    api_key_prefix character varying(16) NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb,
    report_counter integer DEFAULT 0 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.reconciler_alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.reports (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    tracking_id character varying(20) NOT NULL,
    title character varying(500) NOT NULL,
    description text NOT NULL,
    severity public.severity_enum NOT NULL,
    category public.category_enum NOT NULL,
    status public.status_enum DEFAULT 'new'::public.status_enum NOT NULL,
    assignee_id uuid,
    screenshot_url character varying(1000),
    annotated_screenshot_url character varying(1000),
    console_logs jsonb,
    network_logs jsonb,
    user_actions jsonb,
    metadata jsonb,
    reporter_identifier character varying(255),
    console_logs_included boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    github_issue_number integer,
    github_issue_url character varying(500),
    github_repo character varying(200)
);
CREATE TABLE public.sync_accounts (
    project_id uuid NOT NULL,
    account_id bigint NOT NULL,
    login character varying(200)
);
CREATE TABLE public.sync_changes (
    id bigint NOT NULL,
    project_id uuid NOT NULL,
    report_id uuid NOT NULL,
    link_id uuid,
    at timestamp with time zone NOT NULL,
    side character varying(20) NOT NULL,
    kind character varying(30) NOT NULL,
    field character varying(20),
    base text,
    local text,
    remote text,
    "to" text,
    rule text NOT NULL,
    lost text,
    request_id character varying(100),
    since timestamp with time zone
);
CREATE SEQUENCE public.sync_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sync_changes_id_seq OWNED BY public.sync_changes.id;
CREATE TABLE public.sync_comments (
    id uuid NOT NULL,
    link_id uuid NOT NULL,
    project_id uuid NOT NULL,
    repository_id bigint NOT NULL,
    origin character varying(20) NOT NULL,
    state character varying(20) NOT NULL,
    local_id uuid,
    remote_id bigint,
    local_digest character varying(64),
    remote_digest character varying(64),
    remote_updated_at timestamp with time zone,
    author character varying(255),
    reason text
);
CREATE TABLE public.sync_deliveries (
    project_id uuid NOT NULL,
    id character varying(100) NOT NULL,
    event character varying(100) NOT NULL,
    action character varying(100),
    number integer,
    at timestamp with time zone NOT NULL,
    read_at timestamp with time zone
);
CREATE TABLE public.sync_governor (
    credential character varying(100) NOT NULL,
    revision bigint NOT NULL,
    spent text NOT NULL,
    blocked_until timestamp with time zone,
    blocked_reason text,
    rate_limit integer,
    rate_remaining integer,
    rate_reset_at timestamp with time zone
);
CREATE TABLE public.sync_hooks (
    project_id uuid NOT NULL,
    previous text,
    previous_until timestamp with time zone,
    hook_id bigint,
    known_at timestamp with time zone,
    last_at timestamp with time zone,
    last_event character varying(100),
    received bigint NOT NULL,
    missed bigint NOT NULL,
    silent integer NOT NULL,
    silent_since timestamp with time zone
);
CREATE TABLE public.sync_intents (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    report_id uuid NOT NULL,
    link_id uuid,
    entry_id uuid,
    local_id uuid NOT NULL,
    operation character varying(20) NOT NULL,
    repository_id bigint NOT NULL,
    number integer,
    wish text NOT NULL,
    state character varying(20) NOT NULL,
    attempts integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    claimed_at timestamp with time zone,
    ended_at timestamp with time zone,
    not_before timestamp with time zone,
    empty_looks integer NOT NULL,
    reason text,
    asked boolean NOT NULL,
    why text
);
CREATE TABLE public.sync_links (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    report_id uuid NOT NULL,
    repository_id bigint NOT NULL,
    repository character varying(200) NOT NULL,
    number integer NOT NULL,
    origin character varying(20) NOT NULL,
    backfill boolean NOT NULL,
    state character varying(20) NOT NULL,
    reason text,
    base_status character varying(20),
    base_severity character varying(20),
    base_category character varying(20),
    base_title text,
    base_remote_title text,
    seen_state character varying(20),
    seen_reason character varying(50),
    seen_labels text,
    seen_colours text,
    seen_title text,
    seen_comments integer,
    seen_locked boolean,
    seen_updated_at timestamp with time zone,
    seen_id bigint,
    created_at timestamp with time zone NOT NULL,
    quarantined_until timestamp with time zone,
    checked_at timestamp with time zone,
    check_due timestamp with time zone,
    etag_issue text,
    etag_thread text,
    etag_credential text,
    missing_as character varying(20),
    missing_since timestamp with time zone,
    successor_repository_id bigint,
    successor_number integer,
    frozen text,
    held_by character varying(64),
    revision integer NOT NULL
);
CREATE TABLE public.sync_lists (
    project_id uuid NOT NULL,
    kind character varying(20) NOT NULL,
    anchor timestamp with time zone NOT NULL,
    etag text,
    etag_credential character varying(100),
    cursor timestamp with time zone
);
CREATE TABLE public.sync_locks (
    project_id uuid NOT NULL,
    holder uuid NOT NULL,
    host character varying(255) NOT NULL,
    pid integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sync_meta (
    key character varying(64) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.sync_projects (
    project_id uuid NOT NULL,
    repository_id bigint,
    repository character varying(200),
    private boolean,
    exposed boolean,
    account_id bigint,
    account_login character varying(200),
    account_credential character varying(100),
    first_seen_at timestamp with time zone,
    paused boolean NOT NULL,
    withheld character varying(100),
    accepted character varying(100),
    outcome character varying(20),
    result text,
    last_pass_at timestamp with time zone,
    last_success_at timestamp with time zone,
    next_at timestamp with time zone,
    failures integer,
    changed_at timestamp with time zone,
    told text,
    round_began_at timestamp with time zone,
    recovering boolean,
    restored_at timestamp with time zone
);
CREATE TABLE public.sync_runs (
    id bigint NOT NULL,
    project_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome character varying(20) NOT NULL,
    result text NOT NULL
);
CREATE SEQUENCE public.sync_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sync_runs_id_seq OWNED BY public.sync_runs.id;
CREATE TABLE public.sync_unannounced (
    project_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.sync_withheld (
    project_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    link_id uuid NOT NULL,
    report_id uuid NOT NULL,
    kind character varying(30) NOT NULL,
    why text NOT NULL
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    email character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    password_hash character varying(255) NOT NULL,
    role character varying(20) DEFAULT 'user'::character varying NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    beta_status character varying(20) DEFAULT 'none'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.webhooks (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    url character varying(1000) NOT NULL,
    events text[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    secret character varying(255) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);
ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);
ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);
ALTER TABLE ONLY public.sync_changes ALTER COLUMN id SET DEFAULT nextval('public.sync_changes_id_seq'::regclass);
ALTER TABLE ONLY public.sync_runs ALTER COLUMN id SET DEFAULT nextval('public.sync_runs_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('9f3c1b7e2a55');
INSERT INTO public.comments VALUES ('f17619f0-5abc-42b5-849f-a4a95c226ffc', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'bf85306e-466d-4d10-b554-82f3ad3d9834', 'from BugSpark', '2026-03-02 09:00:45+00', NULL);
INSERT INTO public.comments VALUES ('2ee87aa7-ad03-4404-aaad-2079673d924c', 'ed91aa93-b78d-4572-acf6-6a70305884ba', NULL, '**alice** (via GitHub):
from GitHub', '2026-03-02 09:00:45+00', 'github');
INSERT INTO public.comments VALUES ('eb83b835-763e-4c01-a076-f96e6d970dcb', 'ed91aa93-b78d-4572-acf6-6a70305884ba', NULL, '**bob** (via GitHub):
deleted later', '2026-03-02 09:00:45+00', 'github');
INSERT INTO public.comments VALUES ('ba858dfa-c7e9-4b3d-a9d4-6620fb385907', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'bf85306e-466d-4d10-b554-82f3ad3d9834', 'answer lost', '2026-03-02 09:01:50+00', NULL);
INSERT INTO public.comments VALUES ('3f035496-f240-4805-b558-33e04e7c8af0', '07a476ae-ae2c-4dce-8520-aec11df94676', 'bf85306e-466d-4d10-b554-82f3ad3d9834', 'to a locked issue', '2026-03-02 09:01:50+00', NULL);
INSERT INTO public.integrations VALUES ('5b9d9989-b9f5-4a4a-99a3-a8484945ac76', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'github', '{"repo": "web", "owner": "acme", "token": "ghp_c4nary7f3a_bot_0123456789"}', true, '2026-11-29 20:35:59.113857+00');
INSERT INTO public.projects VALUES ('48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'aa70498f-ffa5-4d47-9d5a-1ccfa4466997', 'Shop', 'shop.test', '0000000000000000000000000000000000000000000000000000000000000000', 'bs_test', '{}', 0, true, '2026-11-29 20:35:59.097696+00');
INSERT INTO public.reconciler_alembic_version VALUES ('0001');
INSERT INTO public.reports VALUES ('ed91aa93-b78d-4572-acf6-6a70305884ba', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'BUG-0001', 'Cart is empty', 'Steps to see it.', 'low', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-01-01 12:00:00+00', '2026-01-01 12:00:00+00', 1, 'http://127.0.0.1:33575/acme/web/issues/1', 'acme/web');
INSERT INTO public.reports VALUES ('07a476ae-ae2c-4dce-8520-aec11df94676', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'BUG-0002', 'Page is blank', 'Steps to see it.', 'low', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-01-01 12:00:00+00', '2026-03-02 09:01:10+00', 2, 'http://127.0.0.1:33575/acme/web/issues/2', 'acme/web');
INSERT INTO public.reports VALUES ('342b6400-ed0f-4fda-89f3-ff82b8064b0a', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'BUG-0003', 'Slow search', 'Steps to see it.', 'medium', 'performance', 'resolved', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-01-01 12:00:00+00', '2026-03-02 09:01:25+00', 3, 'http://127.0.0.1:33575/acme/web/issues/3', 'acme/web');
INSERT INTO public.reports VALUES ('2f5f90b3-f9bf-4201-a3f2-7ae468a5f3fd', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'BUG-0004', 'Unlinked', 'Steps to see it.', 'medium', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-01-01 12:00:00+00', '2026-01-01 12:00:00+00', NULL, NULL, NULL);
INSERT INTO public.reports VALUES ('49ca4b76-8f7a-4d6c-8c95-354b64d6202c', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'BUG-0005', 'Exported, answer lost', 'Steps to see it.', 'medium', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-01-01 12:00:00+00', '2026-01-01 12:00:00+00', NULL, NULL, NULL);
INSERT INTO public.sync_accounts VALUES ('48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 1004, 'bugspark-bot');
INSERT INTO public.sync_changes VALUES (1, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '2026-03-02 09:00:00+00', 'github', 'create_issue', NULL, NULL, 'Cart is empty', NULL, 'acme/web#1', 'export was asked for', NULL, '51D0:000006', '2026-03-02 09:00:00+00');
INSERT INTO public.sync_changes VALUES (2, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '07a476ae-ae2c-4dce-8520-aec11df94676', '019a731e-6e28-42da-9bda-4745a67fc23c', '2026-03-02 09:00:15+00', 'github', 'create_issue', NULL, NULL, 'Page is blank', NULL, 'acme/web#2', 'export was asked for', NULL, '51D0:000010', '2026-03-02 09:00:15+00');
INSERT INTO public.sync_changes VALUES (3, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '342b6400-ed0f-4fda-89f3-ff82b8064b0a', '58964d5f-fa58-4966-b50f-e9d7a9b46642', '2026-03-02 09:00:30+00', 'github', 'create_issue', NULL, NULL, 'Slow search', NULL, 'acme/web#3', 'export was asked for', NULL, '51D0:00001A', '2026-03-02 09:00:30+00');
INSERT INTO public.sync_changes VALUES (4, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '2026-03-02 09:00:50+00', 'bugspark', 'import_comment', 'comment', NULL, NULL, 'from GitHub', '**alice** (via GitHub): from GitHub', 'new comment', NULL, NULL, '2026-03-02 09:00:45+00');
INSERT INTO public.sync_changes VALUES (5, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '2026-03-02 09:00:50+00', 'bugspark', 'import_comment', 'comment', NULL, NULL, 'deleted later', '**bob** (via GitHub): deleted later', 'new comment', NULL, NULL, '2026-03-02 09:00:45+00');
INSERT INTO public.sync_changes VALUES (6, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '2026-03-02 09:00:50+00', 'github', 'post_comment', 'comment', NULL, 'from BugSpark', NULL, 'from BugSpark', 'new comment', NULL, '51D0:000024', '2026-03-02 09:00:50+00');
INSERT INTO public.sync_changes VALUES (7, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '07a476ae-ae2c-4dce-8520-aec11df94676', '019a731e-6e28-42da-9bda-4745a67fc23c', '2026-03-02 09:01:10+00', 'bugspark', 'conflict', 'severity', 'high', 'critical', 'low', 'low', 'both changed, GitHub''s is newer', 'critical', NULL, NULL);
INSERT INTO public.sync_changes VALUES (8, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '342b6400-ed0f-4fda-89f3-ff82b8064b0a', '58964d5f-fa58-4966-b50f-e9d7a9b46642', '2026-03-02 09:01:25+00', 'bugspark', 'set_field', 'status', 'new', 'new', 'resolved', 'resolved', 'only GitHub changed', NULL, NULL, '2026-03-02 09:01:20+00');
INSERT INTO public.sync_changes VALUES (9, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2f5f90b3-f9bf-4201-a3f2-7ae468a5f3fd', 'f5ce7bc6-ad92-4e48-b701-a123226c7e15', '2026-03-02 09:01:35+00', 'github', 'create_issue', NULL, NULL, 'Unlinked', NULL, 'acme/web#4', 'export was asked for', NULL, '51D0:000039', '2026-03-02 09:01:35+00');
INSERT INTO public.sync_changes VALUES (10, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2f5f90b3-f9bf-4201-a3f2-7ae468a5f3fd', 'f5ce7bc6-ad92-4e48-b701-a123226c7e15', '2026-03-02 09:01:50+00', 'bugspark', 'unlink', NULL, NULL, 'acme/web#4', NULL, NULL, 'unlinked by command', NULL, NULL, NULL);
INSERT INTO public.sync_changes VALUES (11, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '07a476ae-ae2c-4dce-8520-aec11df94676', '019a731e-6e28-42da-9bda-4745a67fc23c', '2026-03-02 09:01:55+00', 'github', 'quarantine', 'comment', NULL, 'to a locked issue', NULL, NULL, 'GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked', NULL, NULL, NULL);
INSERT INTO public.sync_changes VALUES (12, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '2026-03-02 09:01:55+00', 'github', 'post_comment', 'comment', NULL, NULL, '[BugSpark] Ada: answer lost <!-- bugspark-sync v1 93d974df 8d8d4677-e33b-48d5-8…', NULL, 'its lost answer was found by its marker', NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('f8b28cce-cf0b-4d2c-a463-81a6cd533820', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'github', 'live', '2ee87aa7-ad03-4404-aaad-2079673d924c', 3000000016, 'd6d8b16464b94e657d53fe60d631d89378c830ea336f19b6889c34b9fd6dfe5a', '1052371ea592d123bb74cea59c30056db65de83edca11982352d13b6f32229a8', '2026-03-02 09:00:45+00', 'alice', NULL);
INSERT INTO public.sync_comments VALUES ('b928ba06-9060-438e-a256-b3334e5535e1', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'github', 'live', 'eb83b835-763e-4c01-a076-f96e6d970dcb', 3000000017, 'cd50eba764cd0ba2c7b12b46fb38c5b3d6a58b2807971df5d1ee6928b28ac2cc', 'a1b28867ec08ac31c3bfd5aad6885575583d0dad8127e2ea3be717dccf83c0d9', '2026-03-02 09:00:45+00', 'bob', NULL);
INSERT INTO public.sync_comments VALUES ('02f5ac81-fad1-4b5d-ad42-3c5916884c41', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'bugspark', 'live', 'f17619f0-5abc-42b5-849f-a4a95c226ffc', 3000000018, '1700ba3f8ef1a60315de24077c32ee504c0363aec02c5f77be966db906915120', '1a141ea0bf53498f83adfb899d435c6719234ca7bae843aa1bd64579899e5541', '2026-03-02 09:00:50+00', 'Ada', NULL);
INSERT INTO public.sync_comments VALUES ('b1daf30a-8427-4bed-8c9f-c4690655e735', '019a731e-6e28-42da-9bda-4745a67fc23c', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'bugspark', 'pending', '3f035496-f240-4805-b558-33e04e7c8af0', NULL, '0e2e96f775fe9a39aa2aefd947b992602ddf336282cc7b364748c134a6cbf51b', NULL, NULL, 'Ada', NULL);
INSERT INTO public.sync_comments VALUES ('7f1f5358-e139-42fe-8d96-7f7dcd757ff0', 'faff08a8-0167-4b6f-bd0b-d3e89bccd222', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'bugspark', 'live', 'ba858dfa-c7e9-4b3d-a9d4-6620fb385907', 3000000026, '8ee7a3a830245e2aad59f5a8577c9a5d3a6affc32ad909eb0d28f45cecadc625', '560a9d18ea8725d41bc1a1f41ab3e59e89b4b85cf617dceb1736c5cfd5d6c804', '2026-03-02 09:01:55+00', 'Ada', NULL);
INSERT INTO public.sync_governor VALUES ('8a93a51f8ec9a6f6', 46, '{"points":[[1772442000,10],[1772442005,2],[1772442010,2],[1772442015,10],[1772442020,2],[1772442025,2],[1772442030,10],[1772442035,2],[1772442040,2],[1772442045,2],[1772442050,8],[1772442055,2],[1772442060,2],[1772442070,3],[1772442075,2],[1772442080,2],[1772442085,2],[1772442090,2],[1772442095,10],[1772442100,2],[1772442105,2],[1772442110,2],[1772442115,28]],"minute":[[1772442000,1],[1772442015,1],[1772442030,1],[1772442050,1],[1772442095,1],[1772442115,4]],"hour":[[29540700,4],[29540701,5]],"verify":[],"last_write":1772442115.0}', NULL, NULL, 5000, 4968, '2026-03-02 10:00:00+00');
INSERT INTO public.sync_intents VALUES ('9022877f-0ec2-4558-a9d5-0b11e6c25306', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '49ca4b76-8f7a-4d6c-8c95-354b64d6202c', NULL, NULL, '49ca4b76-8f7a-4d6c-8c95-354b64d6202c', 'create_issue', 700000001, NULL, '{"title":"[BUG-0005] Exported, answer lost","body":"## Bug Report: BUG-0005\n\n**Severity:** medium\n**Category:** bug\n**Status:** new\n\n### Description\n\nSteps to see it.\n\n*Exported from BugSpark (BUG-0005)*\n\n<!-- bugspark-sync v1 93d974df 8d8d4677-e33b-48d5-8327-14c073310f4b 49ca4b76-8f7a-4d6c-8c95-354b64d6202c 50d2a676a51dfa18b2c44462c7faa0cd -->","labels":["bug","medium-priority"]}', 'unknown', 1, '2026-03-02 09:01:55+00', '2026-03-02 09:01:55+00', '2026-03-02 09:01:55+00', NULL, 0, 'GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).', true, '{"rule":"export was asked for","base":null,"local":"Exported, answer lost","remote":null,"to":null}');
INSERT INTO public.sync_intents VALUES ('e8057a3b-0f9d-48c8-9485-876894434f48', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '07a476ae-ae2c-4dce-8520-aec11df94676', '019a731e-6e28-42da-9bda-4745a67fc23c', 'b1daf30a-8427-4bed-8c9f-c4690655e735', '3f035496-f240-4805-b558-33e04e7c8af0', 'create_comment', 700000001, 2, '{"body":"[BugSpark] Ada:\n\nto a locked issue\n\n<!-- bugspark-sync v1 93d974df 8d8d4677-e33b-48d5-8327-14c073310f4b 3f035496-f240-4805-b558-33e04e7c8af0 7a8f7fdb061a8b4ebe698560300a62ee -->"}', 'quarantined', 2, '2026-03-02 09:01:55.000001+00', '2026-03-02 09:01:55+00', '2026-03-02 09:01:55+00', '2026-03-02 10:01:55+00', 0, 'GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked', false, '{"rule":"new comment","base":null,"local":"to a locked issue","remote":null,"to":null}');
INSERT INTO public.sync_links VALUES ('58964d5f-fa58-4966-b50f-e9d7a9b46642', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '342b6400-ed0f-4fda-89f3-ff82b8064b0a', 700000001, 'acme/web', 3, 'export', true, 'active', NULL, 'resolved', 'medium', 'performance', 'Slow search', '[BUG-0003] Slow search', 'closed', 'completed', '["bug","medium-priority","performance"]', '[["bug","ededed"],["medium-priority","ededed"],["performance","ededed"]]', '[BUG-0003] Slow search', 0, false, '2026-03-02 09:01:20+00', 3000000010, '2026-03-02 09:00:30+00', NULL, '2026-03-02 09:00:30+00', '2026-03-02 14:41:20.88+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
INSERT INTO public.sync_links VALUES ('f5ce7bc6-ad92-4e48-b701-a123226c7e15', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2f5f90b3-f9bf-4201-a3f2-7ae468a5f3fd', 700000001, 'acme/web', 4, 'export', true, 'unlinked', NULL, 'new', 'medium', 'bug', 'Unlinked', '[BUG-0004] Unlinked', 'open', NULL, '["bug","medium-priority"]', '[["bug","ededed"],["medium-priority","ededed"]]', '[BUG-0004] Unlinked', 0, false, '2026-03-02 09:01:35+00', 3000000022, '2026-03-02 09:01:35+00', NULL, '2026-03-02 09:01:35+00', '2026-03-02 14:37:27.8+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
INSERT INTO public.sync_links VALUES ('019a731e-6e28-42da-9bda-4745a67fc23c', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '07a476ae-ae2c-4dce-8520-aec11df94676', 700000001, 'acme/web', 2, 'export', true, 'active', NULL, 'new', 'low', 'bug', 'Page is blank', '[BUG-0002] Page is blank', 'open', NULL, '["bug","low-priority"]', '[["bug","ededed"],["low-priority","ededed"]]', '[BUG-0002] Page is blank', 0, true, '2026-03-02 09:01:50+00', 3000000006, '2026-03-02 09:00:15+00', NULL, '2026-03-02 09:00:15+00', '2026-03-02 15:33:39.48+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.sync_links VALUES ('faff08a8-0167-4b6f-bd0b-d3e89bccd222', '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'ed91aa93-b78d-4572-acf6-6a70305884ba', 700000001, 'acme/web', 1, 'export', true, 'active', NULL, 'new', 'low', 'bug', 'Cart is empty', '[BUG-0001] Cart is empty', 'open', NULL, '["bug","low-priority"]', '[["bug","ededed"],["low-priority","ededed"]]', '[BUG-0001] Cart is empty', 4, false, '2026-03-02 09:01:55+00', 3000000001, '2026-03-02 09:00:00+00', NULL, '2026-03-02 09:00:00+00', '2026-03-02 15:33:15.84+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5);
INSERT INTO public.sync_lists VALUES ('48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'issues', '2026-03-02 08:58:00+00', 'W/"6005e8e02fc00e8b81ab6c1c4b687bcea5f58ad5d1e5fb8f"', '8a93a51f8ec9a6f6', NULL);
INSERT INTO public.sync_lists VALUES ('48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 'comments', '2026-03-02 08:58:00+00', 'W/"7d733ba91cdea08467ebf335ef400a0b1b6e9e55981c6409"', '8a93a51f8ec9a6f6', NULL);
INSERT INTO public.sync_meta VALUES ('queue', 'procrastinate');
INSERT INTO public.sync_meta VALUES ('added_columns', 'reports.github_issue_number,reports.github_issue_url,reports.github_repo,comments.source');
INSERT INTO public.sync_meta VALUES ('made_tables', '');
INSERT INTO public.sync_meta VALUES ('instance', '8d8d4677-e33b-48d5-8327-14c073310f4b');
INSERT INTO public.sync_meta VALUES ('marker_key', '4060687df6442da4573bed5ac463a2b7f3cbdcf39d9d62c5994721a3b12eb7a0');
INSERT INTO public.sync_meta VALUES ('place', '{"database":"16817","table":"16555","system":"7713694926641171641"}');
INSERT INTO public.sync_projects VALUES ('48bed50f-3c7a-4305-b4c6-9a10bf2d5070', 700000001, 'acme/web', false, false, 1004, 'bugspark-bot', '8a93a51f8ec9a6f6', '2026-03-02 09:00:00+00', false, NULL, NULL, 'partial', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for report 49ca4b76-8f7a-4d6c-8c95-354b64d6202c: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":5},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}', '2026-03-02 09:01:55+00', '2026-03-02 09:01:55+00', NULL, 0, '2026-03-02 09:01:55+00', '{"known":[{"what":"refused","reason":"GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked","mark":"","report_id":"07a476ae-ae2c-4dce-8520-aec11df94676","report":"BUG-0002","issue":"acme/web#2","field":"create_comment"}],"owed":[],"tries":0}', NULL, NULL, NULL);
INSERT INTO public.sync_runs VALUES (1, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:00:00+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":1,"cost":6},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (2, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:00:15+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (3, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:00:30+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (4, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:00:50+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":0,"writes":1,"cost":4},"applied":{"reports_updated":0,"comments_imported":2,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":1,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (5, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:01:10+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":3,"not_modified":1,"writes":0,"cost":2},"applied":{"reports_updated":1,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":1,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (6, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:01:25+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":2,"not_modified":1,"writes":0,"cost":1},"applied":{"reports_updated":1,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (7, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:01:35+00', 'ok', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (8, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:01:55+00', 'partial', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_comment for report ed91aa93-b78d-4572-acf6-6a70305884ba: outcome unknown (GitHub''s answer was lost when asked to comment on acme/web#1 (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.sync_runs VALUES (9, '48bed50f-3c7a-4305-b4c6-9a10bf2d5070', '2026-03-02 09:01:55+00', 'partial', '{"project_id":"48bed50f-3c7a-4305-b4c6-9a10bf2d5070","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for report 49ca4b76-8f7a-4d6c-8c95-354b64d6202c: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":5},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO public.users VALUES ('aa70498f-ffa5-4d47-9d5a-1ccfa4466997', 'aa70498f-ffa5-4d47-9d5a-1ccfa4466997@example.test', 'owner of Shop', 'x', 'user', true, 'none', '2026-11-29 20:35:59.080857+00');
INSERT INTO public.users VALUES ('bf85306e-466d-4d10-b554-82f3ad3d9834', 'bf85306e-466d-4d10-b554-82f3ad3d9834@example.test', 'Ada', 'x', 'user', true, 'none', '2026-11-29 20:35:59.128274+00');
SELECT pg_catalog.setval('public.procrastinate_events_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_jobs_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_periodic_defers_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_workers_id_seq', 1, false);
SELECT pg_catalog.setval('public.sync_changes_id_seq', 12, true);
SELECT pg_catalog.setval('public.sync_runs_id_seq', 9, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY public.background_tasks
    ADD CONSTRAINT background_tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.integrations
    ADD CONSTRAINT integrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_accounts
    ADD CONSTRAINT pk_sync_accounts PRIMARY KEY (project_id, account_id);
ALTER TABLE ONLY public.sync_changes
    ADD CONSTRAINT pk_sync_changes PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_comments
    ADD CONSTRAINT pk_sync_comments PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_deliveries
    ADD CONSTRAINT pk_sync_deliveries PRIMARY KEY (project_id, id);
ALTER TABLE ONLY public.sync_governor
    ADD CONSTRAINT pk_sync_governor PRIMARY KEY (credential);
ALTER TABLE ONLY public.sync_hooks
    ADD CONSTRAINT pk_sync_hooks PRIMARY KEY (project_id);
ALTER TABLE ONLY public.sync_intents
    ADD CONSTRAINT pk_sync_intents PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_links
    ADD CONSTRAINT pk_sync_links PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_lists
    ADD CONSTRAINT pk_sync_lists PRIMARY KEY (project_id, kind);
ALTER TABLE ONLY public.sync_locks
    ADD CONSTRAINT pk_sync_locks PRIMARY KEY (project_id);
ALTER TABLE ONLY public.sync_meta
    ADD CONSTRAINT pk_sync_meta PRIMARY KEY (key);
ALTER TABLE ONLY public.sync_projects
    ADD CONSTRAINT pk_sync_projects PRIMARY KEY (project_id);
ALTER TABLE ONLY public.sync_runs
    ADD CONSTRAINT pk_sync_runs PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_unannounced
    ADD CONSTRAINT pk_sync_unannounced PRIMARY KEY (project_id, number);
ALTER TABLE ONLY public.sync_withheld
    ADD CONSTRAINT pk_sync_withheld PRIMARY KEY (project_id, entry_id);
ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);
ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reconciler_alembic_version
    ADD CONSTRAINT reconciler_alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_project_id_tracking_id_key UNIQUE (project_id, tracking_id);
ALTER TABLE ONLY public.sync_comments
    ADD CONSTRAINT uq_sync_comments_local_id_link_id UNIQUE (local_id, link_id);
ALTER TABLE ONLY public.sync_comments
    ADD CONSTRAINT uq_sync_comments_remote_id_link_id UNIQUE (remote_id, link_id);
ALTER TABLE ONLY public.sync_intents
    ADD CONSTRAINT uq_sync_intents_local_id_operation UNIQUE (local_id, operation);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));
CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);
CREATE INDEX ix_sync_changes_conflicts ON public.sync_changes USING btree (project_id, at) WHERE ((kind)::text = 'conflict'::text);
CREATE INDEX ix_sync_changes_project_id_at ON public.sync_changes USING btree (project_id, at);
CREATE INDEX ix_sync_changes_report_id ON public.sync_changes USING btree (report_id);
CREATE INDEX ix_sync_comments_copied ON public.sync_comments USING btree (project_id, local_id) WHERE (((state)::text = ANY ((ARRAY['live'::character varying, 'pending'::character varying])::text[])) AND (local_id IS NOT NULL));
CREATE INDEX ix_sync_comments_link_id ON public.sync_comments USING btree (link_id);
CREATE INDEX ix_sync_deliveries_project_id_at ON public.sync_deliveries USING btree (project_id, at);
CREATE INDEX ix_sync_deliveries_unread ON public.sync_deliveries USING btree (project_id) WHERE ((read_at IS NULL) AND (number IS NOT NULL));
CREATE INDEX ix_sync_intents_project_id_created_at ON public.sync_intents USING btree (project_id, created_at);
CREATE INDEX ix_sync_links_frozen ON public.sync_links USING btree (project_id) WHERE (frozen IS NOT NULL);
CREATE INDEX ix_sync_links_held ON public.sync_links USING btree (project_id, held_by) WHERE (held_by IS NOT NULL);
CREATE INDEX ix_sync_links_project_id_check_due ON public.sync_links USING btree (project_id, check_due);
CREATE INDEX ix_sync_links_project_id_number_id ON public.sync_links USING btree (project_id, number, id);
CREATE INDEX ix_sync_links_project_id_state_checked_at ON public.sync_links USING btree (project_id, state, checked_at);
CREATE INDEX ix_sync_links_project_id_state_report_id ON public.sync_links USING btree (project_id, state, report_id);
CREATE INDEX ix_sync_links_quarantined ON public.sync_links USING btree (project_id, quarantined_until) WHERE (quarantined_until IS NOT NULL);
CREATE INDEX ix_sync_links_report_id ON public.sync_links USING btree (report_id);
CREATE INDEX ix_sync_links_repository ON public.sync_links USING btree (project_id, repository_id) WHERE ((state)::text = ANY ((ARRAY['new'::character varying, 'active'::character varying])::text[]));
CREATE INDEX ix_sync_runs_project_id_at ON public.sync_runs USING btree (project_id, at);
CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);
CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);
CREATE UNIQUE INDEX uq_sync_links_issue ON public.sync_links USING btree (repository_id, number) WHERE ((state)::text = ANY ((ARRAY['new'::character varying, 'active'::character varying])::text[]));
CREATE UNIQUE INDEX uq_sync_links_report ON public.sync_links USING btree (report_id) WHERE ((state)::text = ANY ((ARRAY['new'::character varying, 'active'::character varying])::text[]));
CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();
CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();
CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();
CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();
CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();
CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_report_id_fkey FOREIGN KEY (report_id) REFERENCES public.reports(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sync_comments
    ADD CONSTRAINT fk_sync_comments_link_id FOREIGN KEY (link_id) REFERENCES public.sync_links(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.integrations
    ADD CONSTRAINT integrations_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);
ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;
