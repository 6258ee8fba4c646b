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
CREATE SCHEMA bugspark_sync;
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
CREATE FUNCTION bugspark_sync.enqueue_report_updated(changed uuid[]) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'off'
    AS $$ SELECT bugspark_sync.enqueue_report_updated(changed, '{}'::jsonb) $$;
CREATE FUNCTION bugspark_sync.enqueue_report_updated(changed uuid[], addresses jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'off'
    AS $_$
DECLARE
    stored integer;
BEGIN
    IF changed IS NULL OR cardinality(changed) > 50 THEN
        RAISE EXCEPTION 'at most 50 reports at a time'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_typeof(addresses) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'addresses is an object: a key of the object store, and its address or null'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_each_text(addresses) AS one WHERE one.value IS NOT NULL AND NOT (
            length(one.value) <= 4000 AND one.value ~ '^https?://[!-~]+$'
            AND right(split_part(one.value, '?', 1), length(one.key) + 1) = '/' || one.key)
    ) THEN
        RAISE EXCEPTION 'the path of an address ends with the key of the object store'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO public.background_tasks
        (id, task_type, payload, status, attempts, max_attempts, created_at, updated_at)
    SELECT gen_random_uuid(), 'webhook_delivery',
        jsonb_build_object('webhook_id', hook.id::text, 'event', 'report.updated', 'data', report.data),
        'pending', 0, 3, now(), now()
    FROM (
        SELECT one.id, one.project_id, jsonb_build_object('id', one.id::text, 'project_id', one.project_id::text, 'assignee_id', one.assignee_id::text, 'severity', one.severity::text, 'category', one.category::text, 'status', one.status::text, 'tracking_id', one.tracking_id, 'title', one.title, 'description', one.description, 'reporter_identifier', one.reporter_identifier, 'console_logs_included', one.console_logs_included, 'screenshot_url', CASE WHEN one.screenshot_url !~ '^https?://' AND addresses ? one.screenshot_url THEN addresses ->> one.screenshot_url ELSE one.screenshot_url END, 'annotated_screenshot_url', CASE WHEN one.annotated_screenshot_url !~ '^https?://' AND addresses ? one.annotated_screenshot_url THEN addresses ->> one.annotated_screenshot_url ELSE one.annotated_screenshot_url END, 'console_logs', CASE WHEN pg_column_size(one.console_logs) <= 1048576 AND octet_length(one.console_logs::text) <= 1048576 AND NOT jsonb_path_exists(one.console_logs, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') THEN one.console_logs END, 'network_logs', CASE WHEN pg_column_size(one.network_logs) <= 1048576 AND octet_length(one.network_logs::text) <= 1048576 AND NOT jsonb_path_exists(one.network_logs, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') THEN one.network_logs END, 'user_actions', CASE WHEN pg_column_size(one.user_actions) <= 1048576 AND octet_length(one.user_actions::text) <= 1048576 AND NOT jsonb_path_exists(one.user_actions, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') THEN one.user_actions END, 'metadata', CASE WHEN pg_column_size(one.metadata) <= 1048576 AND octet_length(one.metadata::text) <= 1048576 AND NOT jsonb_path_exists(one.metadata, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') THEN one.metadata END, 'created_at', replace(to_char(one.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z', 'updated_at', replace(to_char(one.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z') AS data
        FROM public.reports AS one WHERE one.id = ANY (changed)
    ) AS report
    CROSS JOIN LATERAL (
        SELECT one.id, one.created_at FROM public.webhooks AS one
        WHERE one.project_id = report.project_id AND one.is_active AND 'report.updated' = ANY (one.events)
        ORDER BY one.created_at, one.id LIMIT 100
    ) AS hook
    ORDER BY report.id, hook.created_at, hook.id;
    GET DIAGNOSTICS stored = ROW_COUNT;
    RETURN stored;
END
$_$;
CREATE FUNCTION bugspark_sync.mail_owner(project uuid, kind text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'off'
    AS $$
#variable_conflict use_variable
DECLARE
    address text;
    shown text;
    title text := CASE kind WHEN 'failing' THEN '{name}: the sync with GitHub needs attention' WHEN 'withheld' THEN '{name}: the sync with GitHub needs attention' WHEN 'public' THEN '{name}: the sync with GitHub needs attention' WHEN 'renamed_label' THEN '{name}: the sync with GitHub needs attention' WHEN 'token_expiry' THEN '{name}: the sync with GitHub needs attention' WHEN 'api_version' THEN '{name}: the sync with GitHub needs attention' WHEN 'webhook_silent' THEN '{name}: the sync with GitHub needs attention' WHEN 'misnamed' THEN '{name}: the sync with GitHub needs attention' WHEN 'frozen' THEN '{name}: the sync with GitHub needs attention' WHEN 'refused' THEN '{name}: the sync with GitHub needs attention' WHEN 'resting' THEN '{name}: the sync with GitHub needs attention' WHEN 'other' THEN '{name}: the sync with GitHub needs attention' WHEN 'over' THEN '{name}: the sync with GitHub works again' END;
    body text := CASE kind WHEN 'failing' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>Nothing is synced: the passes fail.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'withheld' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>Deletions wait until somebody accepts them.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'public' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>The repository has become public. Texts are held back until somebody accepts that.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'renamed_label' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>A label has another name on GitHub than in the settings.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'token_expiry' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>The token for GitHub expires soon.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'api_version' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>The version of GitHub’s interface that is used ends soon.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'webhook_silent' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>GitHub’s deliveries no longer arrive. Changes are found later, by polling.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'misnamed' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>A report names an issue that is not one of this repository.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'frozen' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>A field of a report is no longer synced, because it was changed back again and again.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'refused' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>GitHub refuses something that is to be written.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'resting' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>A report can’t be synced.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'other' THEN '<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for an hour.</p><p>A report needs somebody to decide.</p><p>The page of the project shows what can be done. Such a mail comes once a day at most, and one more when it is over. The settings of the project switch it off (mail).</p><p>Project {project}</p>' WHEN 'over' THEN '<p>What needed attention in the sync of the project <strong>{name}</strong> between BugSpark and GitHub is over.</p><p>Project {project}</p>' END;
    last_line text := replace('<p>Project {project}</p>', '{project}', project::text);
BEGIN
    IF title IS NULL THEN
        RAISE EXCEPTION 'this is no kind of problem' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT one.email, left(regexp_replace(mine.name, '[\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ', 'g'), 100)
    INTO address, shown
    FROM public.projects AS mine JOIN public.users AS one ON one.id = mine.owner_id
    WHERE mine.id = project AND one.is_active AND one.beta_status NOT IN ('pending', 'rejected');
    IF address IS NULL THEN
        RETURN false;
    END IF;
    title := replace(title, '{name}', shown);
    shown := replace(replace(replace(replace(replace(
        shown, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#x27;');
    INSERT INTO public.background_tasks
        (id, task_type, payload, status, attempts, max_attempts, created_at, updated_at)
    SELECT gen_random_uuid(), 'send_email', jsonb_build_object('to', address, 'subject', title,
        'html', replace(replace(body, '{name}', shown), '{project}', project::text)),
        'pending', 0, 3, now(), now()
    WHERE NOT EXISTS (
        SELECT FROM public.background_tasks AS earlier
        WHERE earlier.task_type = 'send_email' AND earlier.payload ->> 'to' = address
          AND earlier.payload ->> 'subject' = title
          AND right(earlier.payload ->> 'html', length(last_line)) = last_line
          AND earlier.created_at > now() - interval '82800 seconds');
    RETURN FOUND;
END
$$;
CREATE FUNCTION bugspark_sync.set_webhook_secret(integration uuid, expected text, secret text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'off'
    AS $_$
BEGIN
    IF integration IS NULL OR secret IS NULL OR secret !~ '^[!-~]+$'
       OR length(secret) > 1000 THEN
        RAISE EXCEPTION 'a webhook secret has 1 to 1000 visible ASCII characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE public.integrations AS one
    SET config = jsonb_set(one.config, '{webhookSecret}', to_jsonb(secret))
    WHERE one.id = integration AND one.provider = 'github' AND one.is_active
      AND jsonb_typeof(one.config) = 'object'
      AND CASE WHEN jsonb_typeof(one.config -> 'webhookSecret') = 'string'
                AND one.config ->> 'webhookSecret' ~ '[^[:space:]]'
          THEN one.config ->> 'webhookSecret' END IS NOT DISTINCT FROM expected;
    RETURN FOUND;
END
$_$;
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
CREATE TABLE public.sync_acts (
    id bigint NOT NULL,
    project_id uuid NOT NULL,
    report_id uuid,
    at timestamp with time zone NOT NULL,
    actor_kind character varying(20) NOT NULL,
    user_id uuid,
    actor character varying(255) NOT NULL,
    what character varying(30) NOT NULL,
    said text NOT NULL
);
CREATE SEQUENCE public.sync_acts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sync_acts_id_seq OWNED BY public.sync_acts.id;
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
    reason text,
    first_reading character varying(20),
    first_reading_at timestamp with time zone,
    second_reading_due timestamp with time zone,
    follower_id uuid
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
CREATE TABLE public.sync_differences (
    link_id uuid NOT NULL,
    field character varying(20) NOT NULL,
    base text NOT NULL,
    value text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    equal_at timestamp with time zone
);
CREATE TABLE public.sync_followers (
    report_id uuid NOT NULL,
    project_id uuid NOT NULL,
    link_id uuid NOT NULL,
    state character varying(20) NOT NULL,
    followed_at timestamp with time zone NOT NULL
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
    revision integer NOT NULL,
    base_state character varying(20),
    base_severity_labels text,
    base_category_labels text,
    base_stage character varying(20),
    base_stage_labels text,
    base_assignee character varying(36),
    base_assignees text,
    seen_assignees text,
    adopts_mapping boolean,
    resolution text,
    base_choices text,
    seen_choices text
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
    restored_at timestamp with time zone,
    renamed_labels text,
    deleted_at timestamp with time zone,
    lock_holder uuid,
    lock_epoch integer,
    busy_since timestamp with time zone,
    people text,
    mail text,
    priority text
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
CREATE TABLE public.sync_settings (
    project_id uuid NOT NULL,
    version integer NOT NULL,
    author_id uuid,
    at timestamp with time zone NOT NULL,
    content text NOT NULL,
    export character varying(20),
    history text
);
CREATE TABLE public.sync_skipped_reports (
    report_id uuid NOT NULL,
    project_id uuid NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL
);
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
ALTER TABLE ONLY public.sync_acts ALTER COLUMN id SET DEFAULT nextval('public.sync_acts_id_seq'::regclass);
ALTER TABLE ONLY public.sync_changes ALTER COLUMN id SET DEFAULT nextval('public.sync_changes_id_seq'::regclass);
ALTER TABLE ONLY public.sync_runs ALTER COLUMN id SET DEFAULT nextval('public.sync_runs_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('9f3c1b7e2a55');
INSERT INTO public.comments VALUES ('714b21fa-2402-4ef7-ab47-3051911d0a5a', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', '03276303-1a02-493d-8c47-5c5e8e7f68f0', 'token0001x', '2026-03-02 09:00:05+00', NULL);
INSERT INTO public.comments VALUES ('4d5e2b73-1f9d-4d19-83e4-8c95969493ec', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', NULL, '**alice** (via GitHub):
token0002x', '2026-03-02 09:00:05+00', 'github');
INSERT INTO public.comments VALUES ('5339dc8e-6629-46b6-bc7c-24e867875981', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', '03276303-1a02-493d-8c47-5c5e8e7f68f0', '[intern] not for GitHub', '2026-03-02 09:01:06+00', NULL);
INSERT INTO public.comments VALUES ('e450e818-1075-4328-9215-213da3e040f1', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', NULL, 'Closed as completed by alice', '2026-03-02 09:01:06+00', 'github');
INSERT INTO public.comments VALUES ('eb56910b-9441-4cae-ba73-164f35208958', 'c5867443-4ade-427d-b95c-2ec71096d1f5', '03276303-1a02-493d-8c47-5c5e8e7f68f0', 'token0003x', '2026-03-02 09:02:07+00', NULL);
INSERT INTO public.integrations VALUES ('efcd4b04-fc13-4639-a2d7-c22f24afb143', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'github', '{"repo": "web", "owner": "acme", "token": "ghp_c4nary7f3a_bot_0123456789"}', true, '2026-11-30 07:58:12.498289+00');
INSERT INTO public.projects VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'aeddd735-8661-4f6c-af1f-957cc1e1fe57', 'Shop', 'shop.test', '0000000000000000000000000000000000000000000000000000000000000000', 'bs_test', '{}', 0, true, '2026-11-30 07:58:12.480525+00');
INSERT INTO public.reconciler_alembic_version VALUES ('0013');
INSERT INTO public.reports VALUES ('c5867443-4ade-427d-b95c-2ec71096d1f5', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0003', 'report 2', 'Steps to see it.', 'medium', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:00:00+00', '2026-03-02 09:00:00+00', 3, 'http://127.0.0.1:9/acme/web/issues/3', 'acme/web');
INSERT INTO public.reports VALUES ('51e42f31-e933-4887-96f9-b25d7ab0d194', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0002', 'report 1', 'Steps to see it.', 'critical', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:00:00+00', '2026-03-02 09:01:06+00', 2, 'http://127.0.0.1:9/acme/web/issues/2', 'acme/web');
INSERT INTO public.reports VALUES ('5306ae46-a0bc-4d38-88f9-c2e7743af96d', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0001', 'report 0', 'Steps to see it.', 'medium', 'bug', 'resolved', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:00:00+00', '2026-03-02 09:02:07+00', 1, 'http://127.0.0.1:9/acme/web/issues/1', 'acme/web');
INSERT INTO public.reports VALUES ('6b55905b-625f-40e6-b51d-947d9a744af8', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0005', 'the same', 'Steps to see it.', 'medium', 'bug', 'resolved', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:01:06+00', '2026-03-02 09:02:07+00', NULL, NULL, NULL);
INSERT INTO public.reports VALUES ('b734aa56-b8d5-4b97-ba60-d81fb239493e', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0004', 'report 3', 'Steps to see it.', 'medium', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:00:00+00', '2026-03-02 09:00:00+00', NULL, NULL, NULL);
INSERT INTO public.reports VALUES ('066118b6-89c0-4809-b723-f4598554ae40', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'BUG-0006', 'lost', 'Steps to see it.', 'medium', 'bug', 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', NULL, NULL, NULL);
INSERT INTO public.sync_accounts VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 1004, 'bugspark-bot');
INSERT INTO public.sync_acts VALUES (1, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', '2026-03-02 09:00:00+00', 'terminal', NULL, 'root', 'export', '5306ae46-a0bc-4d38-88f9-c2e7743af96d was to become an issue in acme/web.');
INSERT INTO public.sync_acts VALUES (2, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '51e42f31-e933-4887-96f9-b25d7ab0d194', '2026-03-02 09:00:00+00', 'terminal', NULL, 'root', 'export', '51e42f31-e933-4887-96f9-b25d7ab0d194 was to become an issue in acme/web.');
INSERT INTO public.sync_acts VALUES (3, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'c5867443-4ade-427d-b95c-2ec71096d1f5', '2026-03-02 09:00:00+00', 'terminal', NULL, 'root', 'export', 'c5867443-4ade-427d-b95c-2ec71096d1f5 was to become an issue in acme/web.');
INSERT INTO public.sync_acts VALUES (4, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'b734aa56-b8d5-4b97-ba60-d81fb239493e', '2026-03-02 09:00:00+00', 'terminal', NULL, 'root', 'export', 'b734aa56-b8d5-4b97-ba60-d81fb239493e was to become an issue in acme/web.');
INSERT INTO public.sync_acts VALUES (5, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '6b55905b-625f-40e6-b51d-947d9a744af8', '2026-03-02 09:01:06+00', 'terminal', NULL, 'root', 'follow', 'BUG-0005 follows BUG-0001: it is closed and reopened with acme/web#1, and its new comments go there');
INSERT INTO public.sync_acts VALUES (6, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'b734aa56-b8d5-4b97-ba60-d81fb239493e', '2026-03-02 09:02:07+00', 'terminal', NULL, 'root', 'unlink', 'BUG-0004 is no longer linked to acme/web#4; nothing on GitHub was changed');
INSERT INTO public.sync_acts VALUES (7, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '066118b6-89c0-4809-b723-f4598554ae40', '2026-03-02 09:02:07+00', 'terminal', NULL, 'root', 'export', '066118b6-89c0-4809-b723-f4598554ae40 was to become an issue in acme/web.');
INSERT INTO public.sync_changes VALUES (1, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:00:00+00', 'github', 'create_issue', NULL, NULL, 'report 0', NULL, 'acme/web#1', 'export was asked for', NULL, '51D0:000006', '2026-03-02 09:00:00+00');
INSERT INTO public.sync_changes VALUES (2, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '51e42f31-e933-4887-96f9-b25d7ab0d194', '0f9df697-2ef5-4fe0-92a1-471a427a645c', '2026-03-02 09:00:00+00', 'github', 'create_issue', NULL, NULL, 'report 1', NULL, 'acme/web#2', 'export was asked for', NULL, '51D0:00000A', '2026-03-02 09:00:00+00');
INSERT INTO public.sync_changes VALUES (3, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'c5867443-4ade-427d-b95c-2ec71096d1f5', '6327567f-e270-44a2-b13a-9d855c6c51d0', '2026-03-02 09:00:00+00', 'github', 'create_issue', NULL, NULL, 'report 2', NULL, 'acme/web#3', 'export was asked for', NULL, '51D0:00000E', '2026-03-02 09:00:00+00');
INSERT INTO public.sync_changes VALUES (4, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'b734aa56-b8d5-4b97-ba60-d81fb239493e', 'a4ddffe9-7fe6-4a16-8a03-d23b8a3fee5e', '2026-03-02 09:00:00+00', 'github', 'create_issue', NULL, NULL, 'report 3', NULL, 'acme/web#4', 'export was asked for', NULL, '51D0:000012', '2026-03-02 09:00:00+00');
INSERT INTO public.sync_changes VALUES (5, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:01:06+00', 'bugspark', 'import_comment', 'comment', NULL, NULL, 'token0002x', '**alice** (via GitHub): token0002x', 'new comment', NULL, NULL, '2026-03-02 09:00:05+00');
INSERT INTO public.sync_changes VALUES (6, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '51e42f31-e933-4887-96f9-b25d7ab0d194', '0f9df697-2ef5-4fe0-92a1-471a427a645c', '2026-03-02 09:01:06+00', 'bugspark', 'conflict', 'severity', 'medium', 'low', 'critical', 'critical', 'both changed, GitHub''s is newer', 'low', NULL, NULL);
INSERT INTO public.sync_changes VALUES (7, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:01:06+00', 'github', 'swap_labels', 'stage', 'new', 'in_progress', NULL, 'in_progress', 'only BugSpark changed', NULL, '51D0:000019', '2026-03-02 09:01:06+00');
INSERT INTO public.sync_changes VALUES (8, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:01:06+00', 'github', 'post_comment', 'comment', NULL, 'token0001x', NULL, 'token0001x', 'new comment', NULL, '51D0:00001A', '2026-03-02 09:01:06.000001+00');
INSERT INTO public.sync_changes VALUES (9, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '6b55905b-625f-40e6-b51d-947d9a744af8', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:01:06+00', 'bugspark', 'link', NULL, NULL, NULL, NULL, 'acme/web#1', 'follows BUG-0001, by command', NULL, NULL, NULL);
INSERT INTO public.sync_changes VALUES (10, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:02:07+00', 'bugspark', 'set_field', 'status', 'in_progress', 'in_progress', 'resolved', 'resolved', 'only GitHub changed', NULL, NULL, '2026-03-02 09:01:06+00');
INSERT INTO public.sync_changes VALUES (11, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:02:07+00', 'bugspark', 'write_comment', 'comment', NULL, NULL, 'Closed as completed by alice', 'Closed as completed by alice', 'somebody closed or reopened the issue', NULL, NULL, '2026-03-02 09:01:06+00');
INSERT INTO public.sync_changes VALUES (12, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '6b55905b-625f-40e6-b51d-947d9a744af8', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:02:07+00', 'bugspark', 'set_field', 'status', 'new', 'new', 'resolved', 'resolved', 'the issue that the report follows was opened or closed', NULL, NULL, '2026-03-02 09:01:06+00');
INSERT INTO public.sync_changes VALUES (13, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '2026-03-02 09:02:07+00', 'github', 'swap_labels', 'stage', 'in_progress', 'resolved', 'in_progress', 'resolved', 'a closed issue has no stage', NULL, '51D0:00001F', '2026-03-02 09:02:07+00');
INSERT INTO public.sync_changes VALUES (14, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'b734aa56-b8d5-4b97-ba60-d81fb239493e', 'a4ddffe9-7fe6-4a16-8a03-d23b8a3fee5e', '2026-03-02 09:02:07+00', 'bugspark', 'unlink', NULL, NULL, 'acme/web#4', NULL, NULL, 'unlinked by command', NULL, NULL, NULL);
INSERT INTO public.sync_changes VALUES (15, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'c5867443-4ade-427d-b95c-2ec71096d1f5', '6327567f-e270-44a2-b13a-9d855c6c51d0', '2026-03-02 09:02:07+00', 'github', 'quarantine', 'comment', NULL, 'token0003x', NULL, NULL, 'GitHub refused to comment on acme/web#3 (422): Validation Failed', NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('ff933e21-2f29-491c-944d-92b3ea3b0790', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'github', 'live', '4d5e2b73-1f9d-4d19-83e4-8c95969493ec', 3000000015, 'c6eae8a1cc34b5da253abbf90120ae595467035a5695b1a5d38d72a02c3dba65', 'a675374732705e1170b8a293f776203b552df5c5823e06c7872a795b43e64bf4', '2026-03-02 09:00:05+00', 'alice', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('4d158e30-6178-49ee-bbcb-6134f22df7ba', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'bugspark', 'live', '714b21fa-2402-4ef7-ab47-3051911d0a5a', 3000000021, 'fe509bc52c32edc8ecf1bf1132237207f65a77355f7b26db2527e3c3a78df127', 'da5007cceb171842dacc90a83867e2d0f10e0d8ecf6d376b1a9e45c479c9d90b', '2026-03-02 09:01:06+00', 'Ada', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('45dd57f2-7844-4f6a-b896-b7cae7b932bd', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'bugspark', 'skipped', '5339dc8e-6629-46b6-bc7c-24e867875981', NULL, '35f6caf1876e06b0bd5367404fa2d3f664b6844559c3b00f949b550480799183', NULL, NULL, 'Ada', 'private: it begins with the project''s prefix for private comments', NULL, NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('eb6c45b9-0aa2-404c-b20a-ce47ec047740', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'github', 'skipped', 'e450e818-1075-4328-9215-213da3e040f1', NULL, 'b29f245587d6214e9a69780512db36a56613ed1163f6a9d59e91b568c287fba3', NULL, NULL, 'alice', 'says what became of the issue', NULL, NULL, NULL, NULL);
INSERT INTO public.sync_comments VALUES ('a7804f39-211a-4a38-b51d-8648f25ca786', '6327567f-e270-44a2-b13a-9d855c6c51d0', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'bugspark', 'pending', 'eb56910b-9441-4cae-ba73-164f35208958', NULL, '2c3d3b0b8145849b82c4f11d0f1ff9a942a9c9e1a78f60568e36b54662528e07', NULL, NULL, 'Ada', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_followers VALUES ('6b55905b-625f-40e6-b51d-947d9a744af8', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'ec2f39f2-8383-4ca8-82ed-093f59f1c621', 'closed', '2026-03-02 09:01:06+00');
INSERT INTO public.sync_governor VALUES ('8a93a51f8ec9a6f6', 27, '{"points":[[1772442066,15],[1772442127,23]],"minute":[[1772442066,2],[1772442127,3]],"hour":[[29540700,4],[29540701,2],[29540702,3]],"verify":[],"last_write":1772442127.0}', NULL, NULL, 5000, 4972, '2026-03-02 10:00:00+00');
INSERT INTO public.sync_intents VALUES ('54d8f6dc-9bde-4d93-98c2-b3c822a26975', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '066118b6-89c0-4809-b723-f4598554ae40', NULL, NULL, '066118b6-89c0-4809-b723-f4598554ae40', 'create_issue', 700000001, NULL, '{"title":"[BUG-0006] lost","body":"## Bug Report: BUG-0006\n\n**Severity:** medium\n**Category:** bug\n**Status:** new\n\n### Description\n\nSteps to see it.\n\n*Exported from BugSpark (BUG-0006)*\n\n<!-- bugspark-sync v1 64cc4299 bab94bcf-d569-4e1a-a71b-73b693914d36 066118b6-89c0-4809-b723-f4598554ae40 770cd2d2d998e604ab5be945d09e9854 -->","labels":["bug","medium-priority"]}', 'unknown', 1, '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', NULL, 0, 'GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (ReadError)).', true, '{"rule":"export was asked for","base":null,"local":"lost","remote":null,"to":null}');
INSERT INTO public.sync_intents VALUES ('cc38c02b-731a-470c-9972-0f266551292c', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'c5867443-4ade-427d-b95c-2ec71096d1f5', '6327567f-e270-44a2-b13a-9d855c6c51d0', 'a7804f39-211a-4a38-b51d-8648f25ca786', 'eb56910b-9441-4cae-ba73-164f35208958', 'create_comment', 700000001, 3, '{"body":"[BugSpark] Ada:\n\ntoken0003x\n\n<!-- bugspark-sync v1 64cc4299 bab94bcf-d569-4e1a-a71b-73b693914d36 eb56910b-9441-4cae-ba73-164f35208958 1425efeb410375aa1dbee87c098ce490 -->"}', 'quarantined', 1, '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', '2026-03-02 10:02:07+00', 0, 'GitHub refused to comment on acme/web#3 (422): Validation Failed', false, '{"rule":"new comment","base":null,"local":"token0003x","remote":null,"to":null}');
INSERT INTO public.sync_links VALUES ('0f9df697-2ef5-4fe0-92a1-471a427a645c', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '51e42f31-e933-4887-96f9-b25d7ab0d194', 700000001, 'acme/web', 2, 'export', true, 'active', NULL, 'new', 'critical', 'bug', 'report 1', '[BUG-0002] report 1', 'open', NULL, '["bug","critical"]', '[["bug","ededed"],["critical","ededed"]]', '[BUG-0002] report 1', 0, false, '2026-03-02 09:00:05+00', 3000000006, '2026-03-02 09:00:00+00', NULL, '2026-03-02 09:00:00+00', '2026-03-02 14:56:32.64+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, NULL, NULL, NULL, 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_links VALUES ('a4ddffe9-7fe6-4a16-8a03-d23b8a3fee5e', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'b734aa56-b8d5-4b97-ba60-d81fb239493e', 700000001, 'acme/web', 4, 'export', true, 'unlinked', NULL, 'new', 'medium', 'bug', 'report 3', '[BUG-0004] report 3', 'open', NULL, '["bug","medium-priority"]', '[["bug","ededed"],["medium-priority","ededed"]]', '[BUG-0004] report 3', 0, false, '2026-03-02 09:00:00+00', 3000000012, '2026-03-02 09:00:00+00', NULL, '2026-03-02 09:00:00+00', '2026-03-02 15:25:29.28+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, NULL, NULL, NULL, 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_links VALUES ('ec2f39f2-8383-4ca8-82ed-093f59f1c621', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '5306ae46-a0bc-4d38-88f9-c2e7743af96d', 700000001, 'acme/web', 1, 'export', true, 'active', NULL, 'resolved', 'medium', 'bug', 'report 0', '[BUG-0001] report 0', 'closed', 'completed', '["bug","medium-priority"]', '[["bug","ededed"],["medium-priority","ededed"]]', '[BUG-0001] report 0', 2, false, '2026-03-02 09:02:07+00', 3000000001, '2026-03-02 09:00:00+00', NULL, '2026-03-02 09:00:00+00', '2026-03-02 14:49:24.96+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 6, NULL, NULL, NULL, 'resolved', NULL, NULL, NULL, NULL, NULL, '{"by":"alice","commit":null,"at":"2026-03-02T09:01:06Z","reason":"completed","is_read":true}', NULL, NULL);
INSERT INTO public.sync_links VALUES ('6327567f-e270-44a2-b13a-9d855c6c51d0', '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'c5867443-4ade-427d-b95c-2ec71096d1f5', 700000001, 'acme/web', 3, 'export', true, 'active', NULL, 'new', 'medium', 'bug', 'report 2', '[BUG-0003] report 2', 'open', NULL, '["bug","medium-priority"]', '[["bug","ededed"],["medium-priority","ededed"]]', '[BUG-0003] report 2', 0, false, '2026-03-02 09:00:00+00', 3000000009, '2026-03-02 09:00:00+00', NULL, '2026-03-02 09:00:00+00', '2026-03-02 15:30:48.96+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, NULL, NULL, NULL, 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_lists VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'comments', '2026-03-02 08:58:00+00', 'W/"32c6163ab5dd3cbe8a0f60290bb53c41fa24f1c42cfdcbbb"', '8a93a51f8ec9a6f6', NULL);
INSERT INTO public.sync_lists VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 'issues', '2026-03-02 08:58:00+00', 'W/"19a552d7bd65d75c2e3e682662024e3569b4b11cf6693995"', '8a93a51f8ec9a6f6', NULL);
INSERT INTO public.sync_meta VALUES ('queue', 'procrastinate');
INSERT INTO public.sync_meta VALUES ('added_columns', 'reports.github_issue_number,reports.github_issue_url,reports.github_repo,comments.source');
INSERT INTO public.sync_meta VALUES ('made_tables', '');
INSERT INTO public.sync_meta VALUES ('instance', 'bab94bcf-d569-4e1a-a71b-73b693914d36');
INSERT INTO public.sync_meta VALUES ('marker_key', '7c3a7e4da170328db22053e1825f8145003ee056fa6d47d677e2860bf1f17ac1');
INSERT INTO public.sync_meta VALUES ('place', '{"database":"16384","table":"16555","system":"7713870701735921655"}');
INSERT INTO public.sync_projects VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 700000001, 'acme/web', false, false, 1004, 'bugspark-bot', '8a93a51f8ec9a6f6', '2026-03-02 09:00:00.000001+00', false, NULL, NULL, 'partial', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for BUG-0006: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (ReadError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}', '2026-03-02 09:02:07+00', '2026-03-02 09:02:07+00', NULL, 0, '2026-03-02 09:02:07+00', '{"known":[{"what":"refused","reason":"GitHub refused to comment on acme/web#3 (422): Validation Failed","mark":"","report_id":"c5867443-4ade-427d-b95c-2ec71096d1f5","report":"BUG-0003","issue":"acme/web#3","field":"create_comment"}],"owed":[],"tries":0}', NULL, NULL, NULL, NULL, NULL, '53e29757-64d4-4534-a268-02d5a3c3df31', 1, NULL, NULL, NULL, NULL);
INSERT INTO public.sync_runs VALUES (1, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:00:00+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":1,"cost":6},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (2, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:00:00+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (3, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:00:00+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (4, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:00:00+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (5, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:01:06+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":6},"applied":{"reports_updated":1,"comments_imported":1,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":1,"comments_posted":1,"remote_comments_removed":0},"conflicts":1,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (6, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:02:07+00', 'ok', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":5,"not_modified":0,"writes":1,"cost":5},"applied":{"reports_updated":2,"comments_imported":1,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":1,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_runs VALUES (7, '0b061b3b-f3f5-4cb3-ad6d-16f80035327c', '2026-03-02 09:02:07+00', 'partial', '{"project_id":"0b061b3b-f3f5-4cb3-ad6d-16f80035327c","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for BUG-0006: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (ReadError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO public.sync_settings VALUES ('0b061b3b-f3f5-4cb3-ad6d-16f80035327c', 1, NULL, '2026-03-02 09:00:00+00', '{"stage":{"in_progress":["in progress"]},"private_prefix":"[intern]","resolution_comment":true}', NULL, '{"since":{"in progress":"2026-03-02T09:00:00+00:00"},"retired":{},"comments":[]}');
INSERT INTO public.users VALUES ('aeddd735-8661-4f6c-af1f-957cc1e1fe57', 'aeddd735-8661-4f6c-af1f-957cc1e1fe57@example.test', 'owner of Shop', 'x', 'user', true, 'none', '2026-11-30 07:58:12.46555+00');
INSERT INTO public.users VALUES ('03276303-1a02-493d-8c47-5c5e8e7f68f0', '03276303-1a02-493d-8c47-5c5e8e7f68f0@example.test', 'Ada', 'x', 'user', true, 'none', '2026-11-30 07:58:12.502608+00');
SELECT pg_catalog.setval('public.procrastinate_events_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_jobs_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_periodic_defers_id_seq', 1, false);
SELECT pg_catalog.setval('public.procrastinate_workers_id_seq', 1, false);
SELECT pg_catalog.setval('public.sync_acts_id_seq', 7, true);
SELECT pg_catalog.setval('public.sync_changes_id_seq', 15, true);
SELECT pg_catalog.setval('public.sync_runs_id_seq', 7, true);
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
ALTER TABLE ONLY public.sync_acts
    ADD CONSTRAINT pk_sync_acts PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_changes
    ADD CONSTRAINT pk_sync_changes PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_comments
    ADD CONSTRAINT pk_sync_comments PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_deliveries
    ADD CONSTRAINT pk_sync_deliveries PRIMARY KEY (project_id, id);
ALTER TABLE ONLY public.sync_differences
    ADD CONSTRAINT pk_sync_differences PRIMARY KEY (link_id, field);
ALTER TABLE ONLY public.sync_followers
    ADD CONSTRAINT pk_sync_followers PRIMARY KEY (report_id);
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
ALTER TABLE ONLY public.sync_settings
    ADD CONSTRAINT pk_sync_settings PRIMARY KEY (project_id, version);
ALTER TABLE ONLY public.sync_skipped_reports
    ADD CONSTRAINT pk_sync_skipped_reports PRIMARY KEY (report_id);
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
CREATE INDEX ix_sync_acts_project_id_at ON public.sync_acts USING btree (project_id, at);
CREATE INDEX ix_sync_acts_report_id ON public.sync_acts USING btree (report_id);
CREATE INDEX ix_sync_changes_conflicts ON public.sync_changes USING btree (project_id, at) WHERE ((kind)::text = 'conflict'::text);
CREATE INDEX ix_sync_changes_project_id_at ON public.sync_changes USING btree (project_id, at);
CREATE INDEX ix_sync_changes_report_id ON public.sync_changes USING btree (report_id);
CREATE INDEX ix_sync_comments_copied ON public.sync_comments USING btree (project_id, local_id) WHERE (((state)::text = ANY ((ARRAY['live'::character varying, 'pending'::character varying])::text[])) AND (local_id IS NOT NULL));
CREATE INDEX ix_sync_comments_link_id ON public.sync_comments USING btree (link_id);
CREATE INDEX ix_sync_comments_reading ON public.sync_comments USING btree (project_id, second_reading_due) WHERE (second_reading_due IS NOT NULL);
CREATE INDEX ix_sync_deliveries_project_id_at ON public.sync_deliveries USING btree (project_id, at);
CREATE INDEX ix_sync_deliveries_unread ON public.sync_deliveries USING btree (project_id) WHERE ((read_at IS NULL) AND (number IS NOT NULL));
CREATE INDEX ix_sync_followers_link_id ON public.sync_followers USING btree (link_id);
CREATE INDEX ix_sync_followers_project_id ON public.sync_followers USING btree (project_id);
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
CREATE INDEX ix_sync_skipped_reports_project_id ON public.sync_skipped_reports USING btree (project_id);
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
ALTER TABLE ONLY public.sync_differences
    ADD CONSTRAINT fk_sync_differences_link_id FOREIGN KEY (link_id) REFERENCES public.sync_links(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sync_followers
    ADD CONSTRAINT fk_sync_followers_link_id FOREIGN KEY (link_id) REFERENCES public.sync_links(id) ON DELETE CASCADE;
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
