BEGIN TRANSACTION;
CREATE TABLE background_tasks (
	id CHAR(32) NOT NULL, 
	task_type VARCHAR(50) NOT NULL, 
	payload JSON NOT NULL, 
	status VARCHAR(20) DEFAULT 'pending' NOT NULL, 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	max_attempts INTEGER DEFAULT 3 NOT NULL, 
	next_retry_at DATETIME, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	completed_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE comments (
	id CHAR(32) NOT NULL, 
	report_id CHAR(32) NOT NULL, 
	author_id CHAR(32), 
	body TEXT NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	source VARCHAR(20), 
	PRIMARY KEY (id), 
	FOREIGN KEY(report_id) REFERENCES reports (id) ON DELETE CASCADE, 
	FOREIGN KEY(author_id) REFERENCES users (id) ON DELETE SET NULL
);
INSERT INTO "comments" VALUES('4ea81c03eba945ea9b8f3253129e0351','c0ab5616bd744dfb97aff11aa87edf89','953f61cbe25d4699a876217060365b42','token0001x','2026-03-02 09:00:05.000000',NULL);
INSERT INTO "comments" VALUES('6b8389a4bfdc406da8e606db4ac9c18b','c0ab5616bd744dfb97aff11aa87edf89',NULL,'**alice** (via GitHub):

token0002x','2026-03-02 09:00:05.000000','github');
INSERT INTO "comments" VALUES('a046b39de48b46c9a7d927c551424f85','c0ab5616bd744dfb97aff11aa87edf89','953f61cbe25d4699a876217060365b42','[intern] not for GitHub','2026-03-02 09:01:06.000000',NULL);
INSERT INTO "comments" VALUES('2bcc63368c0046aabad18e889aa41838','c0ab5616bd744dfb97aff11aa87edf89',NULL,'Closed as completed by alice','2026-03-02 09:01:06.000000','github');
INSERT INTO "comments" VALUES('802321e4c9c7491e9a8a62c832fc023f','b75c3fce45bb4411b40750e76149a4b1','953f61cbe25d4699a876217060365b42','token0003x','2026-03-02 09:02:07.000000',NULL);
CREATE TABLE integrations (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	provider VARCHAR(50) NOT NULL, 
	config JSON NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
INSERT INTO "integrations" VALUES('09fccb74dc3c427e87a0007c3f3689ca','041248cac6e74d56bec00233dc811ff6','github','{"owner": "acme", "repo": "web", "token": "ghp_c4nary7f3a_bot_0123456789"}',1,'2026-11-30 07:57:45');
CREATE TABLE project_members (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	user_id CHAR(32), 
	email VARCHAR(255) NOT NULL, 
	role VARCHAR(20) DEFAULT 'viewer' NOT NULL, 
	invite_accepted_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE projects (
	id CHAR(32) NOT NULL, 
	owner_id CHAR(32) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	domain VARCHAR(1024) NOT NULL, 
	api_key_hash VARCHAR(128) NOT NULL, 
	api_key_prefix VARCHAR(16) NOT NULL, 
	settings JSON DEFAULT '{}', 
	report_counter INTEGER DEFAULT 0 NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(owner_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "projects" VALUES('041248cac6e74d56bec00233dc811ff6','6d4f822907214d999d66d06f5347b7d0','Shop','shop.test','0000000000000000000000000000000000000000000000000000000000000000','bs_test','{}',0,1,'2026-11-30 07:57:45');
CREATE TABLE reconciler_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT reconciler_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "reconciler_alembic_version" VALUES('0013');
CREATE TABLE reports (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	tracking_id VARCHAR(20) NOT NULL, 
	title VARCHAR(500) NOT NULL, 
	description TEXT NOT NULL, 
	severity VARCHAR(20) NOT NULL, 
	category VARCHAR(20) NOT NULL, 
	status VARCHAR(20) DEFAULT 'new' NOT NULL, 
	assignee_id CHAR(32), 
	screenshot_url VARCHAR(1000), 
	annotated_screenshot_url VARCHAR(1000), 
	console_logs JSON, 
	network_logs JSON, 
	user_actions JSON, 
	metadata JSON, 
	reporter_identifier VARCHAR(255), 
	console_logs_included BOOLEAN DEFAULT 0 NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	github_issue_number INTEGER, 
	github_issue_url VARCHAR(500), 
	github_repo VARCHAR(200), 
	PRIMARY KEY (id), 
	CONSTRAINT uq_reports_project_tracking UNIQUE (project_id, tracking_id), 
	FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	FOREIGN KEY(assignee_id) REFERENCES users (id) ON DELETE SET NULL
);
INSERT INTO "reports" VALUES('c0ab5616bd744dfb97aff11aa87edf89','041248cac6e74d56bec00233dc811ff6','BUG-0001','report 0','Steps to see it.','medium','bug','resolved',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:00:00.000000','2026-03-02 09:02:07.000000',1,'http://127.0.0.1:9/acme/web/issues/1','acme/web');
INSERT INTO "reports" VALUES('1e4ff49cd5174a78a6f4303c2c438672','041248cac6e74d56bec00233dc811ff6','BUG-0002','report 1','Steps to see it.','critical','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:00:00.000000','2026-03-02 09:01:06.000000',2,'http://127.0.0.1:9/acme/web/issues/2','acme/web');
INSERT INTO "reports" VALUES('b75c3fce45bb4411b40750e76149a4b1','041248cac6e74d56bec00233dc811ff6','BUG-0003','report 2','Steps to see it.','medium','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000',3,'http://127.0.0.1:9/acme/web/issues/3','acme/web');
INSERT INTO "reports" VALUES('91499098ec4d4069b7e8c2f8e3facbb9','041248cac6e74d56bec00233dc811ff6','BUG-0004','report 3','Steps to see it.','medium','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000',NULL,NULL,NULL);
INSERT INTO "reports" VALUES('78b36a9c616a4c4299ed09ee21a13258','041248cac6e74d56bec00233dc811ff6','BUG-0005','the same','Steps to see it.','medium','bug','resolved',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:01:06.000000','2026-03-02 09:02:07.000000',NULL,NULL,NULL);
INSERT INTO "reports" VALUES('784f9e1c317f44b1a0751dcca798aa69','041248cac6e74d56bec00233dc811ff6','BUG-0006','lost','Steps to see it.','medium','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000',NULL,NULL,NULL);
CREATE TABLE sync_accounts (
	project_id CHAR(32) NOT NULL, 
	account_id BIGINT NOT NULL, 
	login VARCHAR(200), 
	CONSTRAINT pk_sync_accounts PRIMARY KEY (project_id, account_id)
);
INSERT INTO "sync_accounts" VALUES('041248cac6e74d56bec00233dc811ff6',1004,'bugspark-bot');
CREATE TABLE sync_acts (
	id INTEGER NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	report_id CHAR(32), 
	at DATETIME NOT NULL, 
	actor_kind VARCHAR(20) NOT NULL, 
	user_id CHAR(32), 
	actor VARCHAR(255) NOT NULL, 
	what VARCHAR(30) NOT NULL, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_sync_acts PRIMARY KEY (id)
);
INSERT INTO "sync_acts" VALUES(1,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','2026-03-02 09:00:00.000000','terminal',NULL,'root','export','c0ab5616-bd74-4dfb-97af-f11aa87edf89 was to become an issue in acme/web.');
INSERT INTO "sync_acts" VALUES(2,'041248cac6e74d56bec00233dc811ff6','1e4ff49cd5174a78a6f4303c2c438672','2026-03-02 09:00:00.000000','terminal',NULL,'root','export','1e4ff49c-d517-4a78-a6f4-303c2c438672 was to become an issue in acme/web.');
INSERT INTO "sync_acts" VALUES(3,'041248cac6e74d56bec00233dc811ff6','b75c3fce45bb4411b40750e76149a4b1','2026-03-02 09:00:00.000000','terminal',NULL,'root','export','b75c3fce-45bb-4411-b407-50e76149a4b1 was to become an issue in acme/web.');
INSERT INTO "sync_acts" VALUES(4,'041248cac6e74d56bec00233dc811ff6','91499098ec4d4069b7e8c2f8e3facbb9','2026-03-02 09:00:00.000000','terminal',NULL,'root','export','91499098-ec4d-4069-b7e8-c2f8e3facbb9 was to become an issue in acme/web.');
INSERT INTO "sync_acts" VALUES(5,'041248cac6e74d56bec00233dc811ff6','78b36a9c616a4c4299ed09ee21a13258','2026-03-02 09:01:06.000000','terminal',NULL,'root','follow','BUG-0005 follows BUG-0001: it is closed and reopened with acme/web#1, and its new comments go there');
INSERT INTO "sync_acts" VALUES(6,'041248cac6e74d56bec00233dc811ff6','91499098ec4d4069b7e8c2f8e3facbb9','2026-03-02 09:02:07.000000','terminal',NULL,'root','unlink','BUG-0004 is no longer linked to acme/web#4; nothing on GitHub was changed');
INSERT INTO "sync_acts" VALUES(7,'041248cac6e74d56bec00233dc811ff6','784f9e1c317f44b1a0751dcca798aa69','2026-03-02 09:02:07.000000','terminal',NULL,'root','export','784f9e1c-317f-44b1-a075-1dcca798aa69 was to become an issue in acme/web.');
CREATE TABLE sync_changes (
	id INTEGER NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	report_id CHAR(32) NOT NULL, 
	link_id CHAR(32), 
	at DATETIME NOT NULL, 
	side VARCHAR(20) NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	field VARCHAR(20), 
	base TEXT, 
	local TEXT, 
	remote TEXT, 
	"to" TEXT, 
	rule TEXT NOT NULL, 
	lost TEXT, 
	request_id VARCHAR(100), 
	since DATETIME, 
	CONSTRAINT pk_sync_changes PRIMARY KEY (id)
);
INSERT INTO "sync_changes" VALUES(1,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:00:00.000000','github','create_issue',NULL,NULL,'report 0',NULL,'acme/web#1','export was asked for',NULL,'51D0:000006','2026-03-02 09:00:00.000000');
INSERT INTO "sync_changes" VALUES(2,'041248cac6e74d56bec00233dc811ff6','1e4ff49cd5174a78a6f4303c2c438672','053dba5d44604b3297df3fd4324bd18e','2026-03-02 09:00:00.000000','github','create_issue',NULL,NULL,'report 1',NULL,'acme/web#2','export was asked for',NULL,'51D0:00000A','2026-03-02 09:00:00.000000');
INSERT INTO "sync_changes" VALUES(3,'041248cac6e74d56bec00233dc811ff6','b75c3fce45bb4411b40750e76149a4b1','d8ebd0e41f1841caa631ab7100120e7a','2026-03-02 09:00:00.000000','github','create_issue',NULL,NULL,'report 2',NULL,'acme/web#3','export was asked for',NULL,'51D0:00000E','2026-03-02 09:00:00.000000');
INSERT INTO "sync_changes" VALUES(4,'041248cac6e74d56bec00233dc811ff6','91499098ec4d4069b7e8c2f8e3facbb9','3ae18697c2634fa6a4213e1d58822161','2026-03-02 09:00:00.000000','github','create_issue',NULL,NULL,'report 3',NULL,'acme/web#4','export was asked for',NULL,'51D0:000012','2026-03-02 09:00:00.000000');
INSERT INTO "sync_changes" VALUES(5,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:01:06.000000','bugspark','import_comment','comment',NULL,NULL,'token0002x','**alice** (via GitHub): token0002x','new comment',NULL,NULL,'2026-03-02 09:00:05.000000');
INSERT INTO "sync_changes" VALUES(6,'041248cac6e74d56bec00233dc811ff6','1e4ff49cd5174a78a6f4303c2c438672','053dba5d44604b3297df3fd4324bd18e','2026-03-02 09:01:06.000000','bugspark','conflict','severity','medium','low','critical','critical','both changed, GitHub''s is newer','low',NULL,NULL);
INSERT INTO "sync_changes" VALUES(7,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:01:06.000000','github','swap_labels','stage','new','in_progress',NULL,'in_progress','only BugSpark changed',NULL,'51D0:000019','2026-03-02 09:01:06.000000');
INSERT INTO "sync_changes" VALUES(8,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:01:06.000000','github','post_comment','comment',NULL,'token0001x',NULL,'token0001x','new comment',NULL,'51D0:00001A','2026-03-02 09:01:06.000001');
INSERT INTO "sync_changes" VALUES(9,'041248cac6e74d56bec00233dc811ff6','78b36a9c616a4c4299ed09ee21a13258','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:01:06.000000','bugspark','link',NULL,NULL,NULL,NULL,'acme/web#1','follows BUG-0001, by command',NULL,NULL,NULL);
INSERT INTO "sync_changes" VALUES(10,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:02:07.000000','bugspark','set_field','status','in_progress','in_progress','resolved','resolved','only GitHub changed',NULL,NULL,'2026-03-02 09:01:06.000000');
INSERT INTO "sync_changes" VALUES(11,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:02:07.000000','bugspark','write_comment','comment',NULL,NULL,'Closed as completed by alice','Closed as completed by alice','somebody closed or reopened the issue',NULL,NULL,'2026-03-02 09:01:06.000000');
INSERT INTO "sync_changes" VALUES(12,'041248cac6e74d56bec00233dc811ff6','78b36a9c616a4c4299ed09ee21a13258','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:02:07.000000','bugspark','set_field','status','new','new','resolved','resolved','the issue that the report follows was opened or closed',NULL,NULL,'2026-03-02 09:01:06.000000');
INSERT INTO "sync_changes" VALUES(13,'041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89','562b665e6144472387eb2e0b3dbfedd0','2026-03-02 09:02:07.000000','github','swap_labels','stage','in_progress','resolved','in_progress','resolved','a closed issue has no stage',NULL,'51D0:00001F','2026-03-02 09:02:07.000000');
INSERT INTO "sync_changes" VALUES(14,'041248cac6e74d56bec00233dc811ff6','91499098ec4d4069b7e8c2f8e3facbb9','3ae18697c2634fa6a4213e1d58822161','2026-03-02 09:02:07.000000','bugspark','unlink',NULL,NULL,'acme/web#4',NULL,NULL,'unlinked by command',NULL,NULL,NULL);
INSERT INTO "sync_changes" VALUES(15,'041248cac6e74d56bec00233dc811ff6','b75c3fce45bb4411b40750e76149a4b1','d8ebd0e41f1841caa631ab7100120e7a','2026-03-02 09:02:07.000000','github','quarantine','comment',NULL,'token0003x',NULL,NULL,'GitHub refused to comment on acme/web#3 (422): Validation Failed',NULL,NULL,NULL);
CREATE TABLE sync_comments (
	id CHAR(32) NOT NULL, 
	link_id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	repository_id BIGINT NOT NULL, 
	origin VARCHAR(20) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	local_id CHAR(32), 
	remote_id BIGINT, 
	local_digest VARCHAR(64), 
	remote_digest VARCHAR(64), 
	remote_updated_at DATETIME, 
	author VARCHAR(255), 
	reason TEXT, first_reading VARCHAR(20), first_reading_at DATETIME, second_reading_due DATETIME, follower_id CHAR(32), 
	CONSTRAINT pk_sync_comments PRIMARY KEY (id), 
	CONSTRAINT uq_sync_comments_local_id_link_id UNIQUE (local_id, link_id), 
	CONSTRAINT uq_sync_comments_remote_id_link_id UNIQUE (remote_id, link_id), 
	CONSTRAINT fk_sync_comments_link_id FOREIGN KEY(link_id) REFERENCES sync_links (id) ON DELETE CASCADE
);
INSERT INTO "sync_comments" VALUES('bbfede83a38848ad88c565475b3ef145','562b665e6144472387eb2e0b3dbfedd0','041248cac6e74d56bec00233dc811ff6',700000001,'github','live','6b8389a4bfdc406da8e606db4ac9c18b',3000000015,'c6eae8a1cc34b5da253abbf90120ae595467035a5695b1a5d38d72a02c3dba65','a675374732705e1170b8a293f776203b552df5c5823e06c7872a795b43e64bf4','2026-03-02 09:00:05.000000','alice',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sync_comments" VALUES('864ccb785f1a45839139d77b382ca6b2','562b665e6144472387eb2e0b3dbfedd0','041248cac6e74d56bec00233dc811ff6',700000001,'bugspark','live','4ea81c03eba945ea9b8f3253129e0351',3000000021,'fe509bc52c32edc8ecf1bf1132237207f65a77355f7b26db2527e3c3a78df127','d34f65f2d94bcca0d9ce6934e8d8788ee41d70a1a6b45bad6a649ebfa3be4ec6','2026-03-02 09:01:06.000000','Ada',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sync_comments" VALUES('ee04f0ce48e147bdb4305290751e775d','562b665e6144472387eb2e0b3dbfedd0','041248cac6e74d56bec00233dc811ff6',700000001,'bugspark','skipped','a046b39de48b46c9a7d927c551424f85',NULL,'35f6caf1876e06b0bd5367404fa2d3f664b6844559c3b00f949b550480799183',NULL,NULL,'Ada','private: it begins with the project''s prefix for private comments',NULL,NULL,NULL,NULL);
INSERT INTO "sync_comments" VALUES('c6b927549fe542cfa947d64767d0411d','562b665e6144472387eb2e0b3dbfedd0','041248cac6e74d56bec00233dc811ff6',700000001,'github','skipped','2bcc63368c0046aabad18e889aa41838',NULL,'b29f245587d6214e9a69780512db36a56613ed1163f6a9d59e91b568c287fba3',NULL,NULL,'alice','says what became of the issue',NULL,NULL,NULL,NULL);
INSERT INTO "sync_comments" VALUES('4da380f85af14876b4bcac10ce9cd4e9','d8ebd0e41f1841caa631ab7100120e7a','041248cac6e74d56bec00233dc811ff6',700000001,'bugspark','pending','802321e4c9c7491e9a8a62c832fc023f',NULL,'2c3d3b0b8145849b82c4f11d0f1ff9a942a9c9e1a78f60568e36b54662528e07',NULL,NULL,'Ada',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sync_deliveries (
	project_id CHAR(32) NOT NULL, 
	id VARCHAR(100) NOT NULL, 
	event VARCHAR(100) NOT NULL, 
	action VARCHAR(100), 
	number INTEGER, 
	at DATETIME NOT NULL, 
	read_at DATETIME, 
	CONSTRAINT pk_sync_deliveries PRIMARY KEY (project_id, id)
);
CREATE TABLE sync_differences (
	link_id CHAR(32) NOT NULL, 
	field VARCHAR(20) NOT NULL, 
	base TEXT NOT NULL, 
	value TEXT NOT NULL, 
	seen_at DATETIME NOT NULL, 
	equal_at DATETIME, 
	CONSTRAINT pk_sync_differences PRIMARY KEY (link_id, field), 
	CONSTRAINT fk_sync_differences_link_id FOREIGN KEY(link_id) REFERENCES sync_links (id) ON DELETE CASCADE
);
CREATE TABLE sync_followers (
	report_id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	link_id CHAR(32) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	followed_at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_followers PRIMARY KEY (report_id), 
	CONSTRAINT fk_sync_followers_link_id FOREIGN KEY(link_id) REFERENCES sync_links (id) ON DELETE CASCADE
);
INSERT INTO "sync_followers" VALUES('78b36a9c616a4c4299ed09ee21a13258','041248cac6e74d56bec00233dc811ff6','562b665e6144472387eb2e0b3dbfedd0','closed','2026-03-02 09:01:06.000000');
CREATE TABLE sync_governor (
	credential VARCHAR(100) NOT NULL, 
	revision BIGINT NOT NULL, 
	spent TEXT NOT NULL, 
	blocked_until DATETIME, 
	blocked_reason TEXT, 
	rate_limit INTEGER, 
	rate_remaining INTEGER, 
	rate_reset_at DATETIME, 
	CONSTRAINT pk_sync_governor PRIMARY KEY (credential)
);
INSERT INTO "sync_governor" VALUES('8a93a51f8ec9a6f6',27,'{"points":[[1772442066,15],[1772442127,23]],"minute":[[1772442066,2],[1772442127,3]],"hour":[[29540700,4],[29540701,2],[29540702,3]],"verify":[],"last_write":1772442127.0}',NULL,NULL,5000,4972,'2026-03-02 10:00:00.000000');
CREATE TABLE sync_hooks (
	project_id CHAR(32) NOT NULL, 
	previous TEXT, 
	previous_until DATETIME, 
	hook_id BIGINT, 
	known_at DATETIME, 
	last_at DATETIME, 
	last_event VARCHAR(100), 
	received BIGINT NOT NULL, 
	missed BIGINT NOT NULL, 
	silent INTEGER NOT NULL, 
	silent_since DATETIME, 
	CONSTRAINT pk_sync_hooks PRIMARY KEY (project_id)
);
CREATE TABLE sync_intents (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	report_id CHAR(32) NOT NULL, 
	link_id CHAR(32), 
	entry_id CHAR(32), 
	local_id CHAR(32) NOT NULL, 
	operation VARCHAR(20) NOT NULL, 
	repository_id BIGINT NOT NULL, 
	number INTEGER, 
	wish TEXT NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	claimed_at DATETIME, 
	ended_at DATETIME, 
	not_before DATETIME, 
	empty_looks INTEGER NOT NULL, 
	reason TEXT, 
	asked BOOLEAN NOT NULL, 
	why TEXT, 
	CONSTRAINT pk_sync_intents PRIMARY KEY (id), 
	CONSTRAINT uq_sync_intents_local_id_operation UNIQUE (local_id, operation)
);
INSERT INTO "sync_intents" VALUES('b7a7acfdd7e049969047fbf912379ac7','041248cac6e74d56bec00233dc811ff6','784f9e1c317f44b1a0751dcca798aa69',NULL,NULL,'784f9e1c317f44b1a0751dcca798aa69','create_issue',700000001,NULL,'{"title":"[BUG-0006] lost","body":"## Bug Report: BUG-0006\n\n**Severity:** medium\n**Category:** bug\n**Status:** new\n\n### Description\n\nSteps to see it.\n\n*Exported from BugSpark (BUG-0006)*\n\n<!-- bugspark-sync v1 930ba30f a73e9af4-43ef-4b2a-9c13-8c44b6721b11 784f9e1c-317f-44b1-a075-1dcca798aa69 3b4a8616ab1c9c47037a0c265610c5aa -->","labels":["bug","medium-priority"]}','unknown',1,'2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000',NULL,0,'GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (ReadError)).',1,'{"rule":"export was asked for","base":null,"local":"lost","remote":null,"to":null}');
INSERT INTO "sync_intents" VALUES('0896f9d61dc94e82a0008cce3e86c2dc','041248cac6e74d56bec00233dc811ff6','b75c3fce45bb4411b40750e76149a4b1','d8ebd0e41f1841caa631ab7100120e7a','4da380f85af14876b4bcac10ce9cd4e9','802321e4c9c7491e9a8a62c832fc023f','create_comment',700000001,3,'{"body":"[BugSpark] Ada:\n\ntoken0003x\n\n<!-- bugspark-sync v1 930ba30f a73e9af4-43ef-4b2a-9c13-8c44b6721b11 802321e4-c9c7-491e-9a8a-62c832fc023f d39fbd76ad3edb2186d11d5fa2f2bfe2 -->"}','quarantined',1,'2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000','2026-03-02 10:02:07.000000',0,'GitHub refused to comment on acme/web#3 (422): Validation Failed',0,'{"rule":"new comment","base":null,"local":"token0003x","remote":null,"to":null}');
CREATE TABLE sync_links (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	report_id CHAR(32) NOT NULL, 
	repository_id BIGINT NOT NULL, 
	repository VARCHAR(200) NOT NULL, 
	number INTEGER NOT NULL, 
	origin VARCHAR(20) NOT NULL, 
	backfill BOOLEAN NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	reason TEXT, 
	base_status VARCHAR(20), 
	base_severity VARCHAR(20), 
	base_category VARCHAR(20), 
	base_title TEXT, 
	base_remote_title TEXT, 
	seen_state VARCHAR(20), 
	seen_reason VARCHAR(50), 
	seen_labels TEXT, 
	seen_colours TEXT, 
	seen_title TEXT, 
	seen_comments INTEGER, 
	seen_locked BOOLEAN, 
	seen_updated_at DATETIME, 
	seen_id BIGINT, 
	created_at DATETIME NOT NULL, 
	quarantined_until DATETIME, 
	checked_at DATETIME, 
	check_due DATETIME, 
	etag_issue TEXT, 
	etag_thread TEXT, 
	etag_credential TEXT, 
	missing_as VARCHAR(20), 
	missing_since DATETIME, 
	successor_repository_id BIGINT, 
	successor_number INTEGER, 
	frozen TEXT, 
	held_by VARCHAR(64), 
	revision INTEGER NOT NULL, base_state VARCHAR(20), base_severity_labels TEXT, base_category_labels TEXT, base_stage VARCHAR(20), base_stage_labels TEXT, base_assignee VARCHAR(36), base_assignees TEXT, seen_assignees TEXT, adopts_mapping BOOLEAN, resolution TEXT, base_choices TEXT, seen_choices TEXT, 
	CONSTRAINT pk_sync_links PRIMARY KEY (id)
);
INSERT INTO "sync_links" VALUES('562b665e6144472387eb2e0b3dbfedd0','041248cac6e74d56bec00233dc811ff6','c0ab5616bd744dfb97aff11aa87edf89',700000001,'acme/web',1,'export',1,'active',NULL,'resolved','medium','bug','report 0','[BUG-0001] report 0','closed','completed','["bug","medium-priority"]','[["bug","ededed"],["medium-priority","ededed"]]','[BUG-0001] report 0',2,0,'2026-03-02 09:02:07.000000',3000000001,'2026-03-02 09:00:00.000000',NULL,'2026-03-02 09:00:00.000000','2026-03-02 14:35:31.200000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6,NULL,NULL,NULL,'resolved',NULL,NULL,NULL,NULL,NULL,'{"by":"alice","commit":null,"at":"2026-03-02T09:01:06Z","reason":"completed","is_read":true}',NULL,NULL);
INSERT INTO "sync_links" VALUES('053dba5d44604b3297df3fd4324bd18e','041248cac6e74d56bec00233dc811ff6','1e4ff49cd5174a78a6f4303c2c438672',700000001,'acme/web',2,'export',1,'active',NULL,'new','critical','bug','report 1','[BUG-0002] report 1','open',NULL,'["bug","critical"]','[["bug","ededed"],["critical","ededed"]]','[BUG-0002] report 1',0,0,'2026-03-02 09:00:05.000000',3000000006,'2026-03-02 09:00:00.000000',NULL,'2026-03-02 09:00:00.000000','2026-03-02 15:05:19.680000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,NULL,NULL,NULL,'new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sync_links" VALUES('d8ebd0e41f1841caa631ab7100120e7a','041248cac6e74d56bec00233dc811ff6','b75c3fce45bb4411b40750e76149a4b1',700000001,'acme/web',3,'export',1,'active',NULL,'new','medium','bug','report 2','[BUG-0003] report 2','open',NULL,'["bug","medium-priority"]','[["bug","ededed"],["medium-priority","ededed"]]','[BUG-0003] report 2',0,0,'2026-03-02 09:00:00.000000',3000000009,'2026-03-02 09:00:00.000000',NULL,'2026-03-02 09:00:00.000000','2026-03-02 15:04:27.840000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,NULL,NULL,NULL,'new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sync_links" VALUES('3ae18697c2634fa6a4213e1d58822161','041248cac6e74d56bec00233dc811ff6','91499098ec4d4069b7e8c2f8e3facbb9',700000001,'acme/web',4,'export',1,'unlinked',NULL,'new','medium','bug','report 3','[BUG-0004] report 3','open',NULL,'["bug","medium-priority"]','[["bug","ededed"],["medium-priority","ededed"]]','[BUG-0004] report 3',0,0,'2026-03-02 09:00:00.000000',3000000012,'2026-03-02 09:00:00.000000',NULL,'2026-03-02 09:00:00.000000','2026-03-02 14:59:47.040000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,NULL,NULL,NULL,'new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sync_lists (
	project_id CHAR(32) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	anchor DATETIME NOT NULL, 
	etag TEXT, 
	etag_credential VARCHAR(100), 
	cursor DATETIME, 
	CONSTRAINT pk_sync_lists PRIMARY KEY (project_id, kind)
);
INSERT INTO "sync_lists" VALUES('041248cac6e74d56bec00233dc811ff6','issues','2026-03-02 08:58:00.000000','W/"4060da90458359f05d01f74fc920436ed8a4e7465991e926"','8a93a51f8ec9a6f6',NULL);
INSERT INTO "sync_lists" VALUES('041248cac6e74d56bec00233dc811ff6','comments','2026-03-02 08:58:00.000000','W/"7d2d4545647390b97af6a5aa82a33140d2fbb6c87cddb6dd"','8a93a51f8ec9a6f6',NULL);
CREATE TABLE sync_locks (
	project_id CHAR(32) NOT NULL, 
	holder CHAR(32) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	pid INTEGER NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_locks PRIMARY KEY (project_id)
);
CREATE TABLE sync_meta (
	"key" VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_sync_meta PRIMARY KEY ("key")
);
INSERT INTO "sync_meta" VALUES('queue','');
INSERT INTO "sync_meta" VALUES('added_columns','reports.github_issue_number,reports.github_issue_url,reports.github_repo,comments.source');
INSERT INTO "sync_meta" VALUES('made_tables','background_tasks,users,projects,integrations,project_members,reports,webhooks,comments');
INSERT INTO "sync_meta" VALUES('instance','a73e9af4-43ef-4b2a-9c13-8c44b6721b11');
INSERT INTO "sync_meta" VALUES('marker_key','89f0e20d9fd9d680bcc791f958221266c7d985aa00d83f4e7ba578a9c95e0919');
INSERT INTO "sync_meta" VALUES('place','{"device":"65024","inode":"2533805"}');
CREATE TABLE sync_projects (
	project_id CHAR(32) NOT NULL, 
	repository_id BIGINT, 
	repository VARCHAR(200), 
	private BOOLEAN, 
	exposed BOOLEAN, 
	account_id BIGINT, 
	account_login VARCHAR(200), 
	account_credential VARCHAR(100), 
	first_seen_at DATETIME, 
	paused BOOLEAN NOT NULL, 
	withheld VARCHAR(100), 
	accepted VARCHAR(100), 
	outcome VARCHAR(20), 
	result TEXT, 
	last_pass_at DATETIME, 
	last_success_at DATETIME, 
	next_at DATETIME, 
	failures INTEGER, 
	changed_at DATETIME, 
	told TEXT, 
	round_began_at DATETIME, 
	recovering BOOLEAN, 
	restored_at DATETIME, renamed_labels TEXT, deleted_at DATETIME, lock_holder CHAR(32), lock_epoch INTEGER, busy_since DATETIME, people TEXT, mail TEXT, priority TEXT, 
	CONSTRAINT pk_sync_projects PRIMARY KEY (project_id)
);
INSERT INTO "sync_projects" VALUES('041248cac6e74d56bec00233dc811ff6',700000001,'acme/web',0,0,1004,'bugspark-bot','8a93a51f8ec9a6f6','2026-03-02 09:00:00.000001',0,NULL,NULL,'partial','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_comment for BUG-0003: GitHub refused to comment on acme/web#3 (422): Validation Failed"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}','2026-03-02 09:02:07.000000','2026-03-02 09:02:07.000000',NULL,0,'2026-03-02 09:02:07.000000','{"known":[{"what":"refused","reason":"GitHub refused to comment on acme/web#3 (422): Validation Failed","mark":"","report_id":"b75c3fce-45bb-4411-b407-50e76149a4b1","report":"BUG-0003","issue":"acme/web#3","field":"create_comment"}],"owed":[],"tries":0}',NULL,NULL,NULL,NULL,NULL,'721fc91bd6984045800fb184e1c0ebe1',1,NULL,NULL,NULL,NULL);
CREATE TABLE sync_runs (
	id INTEGER NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	at DATETIME NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	result TEXT NOT NULL, 
	CONSTRAINT pk_sync_runs PRIMARY KEY (id)
);
INSERT INTO "sync_runs" VALUES(1,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:00:00.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":1,"cost":6},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(2,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:00:00.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(3,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:00:00.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(4,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:00:00.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":1,"writes":1,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(5,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:01:06.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":6},"applied":{"reports_updated":1,"comments_imported":1,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":1,"comments_posted":1,"remote_comments_removed":0},"conflicts":1,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(6,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:02:07.000000','ok','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":5,"not_modified":0,"writes":1,"cost":5},"applied":{"reports_updated":2,"comments_imported":1,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":1,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
INSERT INTO "sync_runs" VALUES(7,'041248cac6e74d56bec00233dc811ff6','2026-03-02 09:02:07.000000','partial','{"project_id":"041248ca-c6e7-4d56-bec0-0233dc811ff6","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_comment for BUG-0003: GitHub refused to comment on acme/web#3 (422): Validation Failed"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0,"misnamed":[],"announced":{"token_expires_at":null,"api_version":"2022-11-28","is_deprecated":false,"sunset_at":null}}');
CREATE TABLE sync_settings (
	project_id CHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	author_id CHAR(32), 
	at DATETIME NOT NULL, 
	content TEXT NOT NULL, 
	export VARCHAR(20), history TEXT, 
	CONSTRAINT pk_sync_settings PRIMARY KEY (project_id, version)
);
INSERT INTO "sync_settings" VALUES('041248cac6e74d56bec00233dc811ff6',1,NULL,'2026-03-02 09:00:00.000000','{"stage":{"in_progress":["in progress"]},"private_prefix":"[intern]","resolution_comment":true}',NULL,'{"since":{"in progress":"2026-03-02T09:00:00+00:00"},"retired":{},"comments":[]}');
CREATE TABLE sync_skipped_reports (
	report_id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_skipped_reports PRIMARY KEY (report_id)
);
CREATE TABLE sync_unannounced (
	project_id CHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_unannounced PRIMARY KEY (project_id, number)
);
CREATE TABLE sync_withheld (
	project_id CHAR(32) NOT NULL, 
	entry_id CHAR(32) NOT NULL, 
	link_id CHAR(32) NOT NULL, 
	report_id CHAR(32) NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	why TEXT NOT NULL, 
	CONSTRAINT pk_sync_withheld PRIMARY KEY (project_id, entry_id)
);
CREATE TABLE users (
	id CHAR(32) NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	role VARCHAR(20) DEFAULT 'user' NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	beta_status VARCHAR(20) DEFAULT 'none' NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_users_email UNIQUE (email)
);
INSERT INTO "users" VALUES('6d4f822907214d999d66d06f5347b7d0','6d4f8229-0721-4d99-9d66-d06f5347b7d0@example.test','owner of Shop','user',1,'none');
INSERT INTO "users" VALUES('953f61cbe25d4699a876217060365b42','953f61cb-e25d-4699-a876-217060365b42@example.test','Ada','user',1,'none');
CREATE TABLE webhooks (
	id CHAR(32) NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	url VARCHAR(1000) NOT NULL, 
	events JSON NOT NULL, 
	is_active BOOLEAN DEFAULT 1 NOT NULL, 
	secret VARCHAR(255) NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_sync_links_issue ON sync_links (repository_id, number) WHERE state IN ('new', 'active');
CREATE UNIQUE INDEX uq_sync_links_report ON sync_links (report_id) WHERE state IN ('new', 'active');
CREATE INDEX ix_sync_links_project_id_state_report_id ON sync_links (project_id, state, report_id);
CREATE INDEX ix_sync_links_project_id_check_due ON sync_links (project_id, check_due);
CREATE INDEX ix_sync_links_quarantined ON sync_links (project_id, quarantined_until) WHERE quarantined_until IS NOT NULL;
CREATE INDEX ix_sync_links_project_id_state_checked_at ON sync_links (project_id, state, checked_at);
CREATE INDEX ix_sync_links_held ON sync_links (project_id, held_by) WHERE held_by IS NOT NULL;
CREATE INDEX ix_sync_links_project_id_number_id ON sync_links (project_id, number, id);
CREATE INDEX ix_sync_links_frozen ON sync_links (project_id) WHERE frozen IS NOT NULL;
CREATE INDEX ix_sync_links_repository ON sync_links (project_id, repository_id) WHERE state IN ('new', 'active');
CREATE INDEX ix_sync_comments_link_id ON sync_comments (link_id);
CREATE INDEX ix_sync_comments_copied ON sync_comments (project_id, local_id) WHERE state IN ('live', 'pending') AND local_id IS NOT NULL;
CREATE INDEX ix_sync_intents_project_id_created_at ON sync_intents (project_id, created_at);
CREATE INDEX ix_sync_runs_project_id_at ON sync_runs (project_id, at);
CREATE INDEX ix_sync_changes_report_id ON sync_changes (report_id);
CREATE INDEX ix_sync_changes_project_id_at ON sync_changes (project_id, at);
CREATE INDEX ix_sync_changes_conflicts ON sync_changes (project_id, at) WHERE kind = 'conflict';
CREATE INDEX ix_sync_deliveries_project_id_at ON sync_deliveries (project_id, at);
CREATE INDEX ix_sync_deliveries_unread ON sync_deliveries (project_id) WHERE read_at IS NULL AND number IS NOT NULL;
CREATE INDEX ix_reports_updated_at ON reports (updated_at);
CREATE INDEX ix_comments_compared ON comments (id, report_id);
CREATE INDEX ix_comments_created_at ON comments (created_at);
CREATE INDEX ix_comments_report_id ON comments (report_id);
CREATE INDEX ix_sync_comments_reading ON sync_comments (project_id, second_reading_due) WHERE second_reading_due IS NOT NULL;
CREATE INDEX ix_sync_acts_report_id ON sync_acts (report_id);
CREATE INDEX ix_sync_acts_project_id_at ON sync_acts (project_id, at);
CREATE INDEX ix_reports_compared ON reports (project_id, id, status, severity, category, title, assignee_id, github_issue_number, github_repo);
CREATE INDEX ix_sync_links_compared ON sync_links (report_id, project_id, state, number, repository, base_status, base_stage, base_severity, base_category, base_title, base_assignee, adopts_mapping, id);
CREATE INDEX ix_sync_skipped_reports_project_id ON sync_skipped_reports (project_id);
CREATE INDEX ix_sync_followers_link_id ON sync_followers (link_id);
CREATE INDEX ix_sync_followers_project_id ON sync_followers (project_id);
COMMIT;
