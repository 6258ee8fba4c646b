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
INSERT INTO "comments" VALUES('367ee49afdc14d36bc00c3b4b224b575','18d37ecc09bb4e97b31f228b1cd3f905','3af7e7510c634406baaa2368c1305274','from BugSpark','2026-03-02 09:00:45.000000',NULL);
INSERT INTO "comments" VALUES('bfeea3a4d22b49e399062158559525a9','18d37ecc09bb4e97b31f228b1cd3f905',NULL,'**alice** (via GitHub):

from GitHub','2026-03-02 09:00:45.000000','github');
INSERT INTO "comments" VALUES('0c8f9a0819dd4da491ee01689fd00ea8','18d37ecc09bb4e97b31f228b1cd3f905',NULL,'**bob** (via GitHub):

deleted later','2026-03-02 09:00:45.000000','github');
INSERT INTO "comments" VALUES('4ad19e73d31f436fa6a0e1edfd988678','18d37ecc09bb4e97b31f228b1cd3f905','3af7e7510c634406baaa2368c1305274','answer lost','2026-03-02 09:01:50.000000',NULL);
INSERT INTO "comments" VALUES('a40307d4d9294d0bbe4f77b8e48c1089','285fb3843b9a4cf5815f4c681544120f','3af7e7510c634406baaa2368c1305274','to a locked issue','2026-03-02 09:01:50.000000',NULL);
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
INSERT INTO "integrations" VALUES('dd64c7361c0f434bb12643783d5a12af','315bb9516e3b427ca4b129d1d721c124','github','{"owner": "acme", "repo": "web", "token": "ghp_c4nary7f3a_bot_0123456789"}',1,'2026-11-29 20:35:35');
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
INSERT INTO "projects" VALUES('315bb9516e3b427ca4b129d1d721c124','e6781af017f34b29aff8a16a98d784ce','Shop','shop.test','0000000000000000000000000000000000000000000000000000000000000000','bs_test','{}',0,1,'2026-11-29 20:35:35');
CREATE TABLE reconciler_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT reconciler_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "reconciler_alembic_version" VALUES('0001');
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
INSERT INTO "reports" VALUES('18d37ecc09bb4e97b31f228b1cd3f905','315bb9516e3b427ca4b129d1d721c124','BUG-0001','Cart is empty','Steps to see it.','low','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000',1,'http://127.0.0.1:38503/acme/web/issues/1','acme/web');
INSERT INTO "reports" VALUES('285fb3843b9a4cf5815f4c681544120f','315bb9516e3b427ca4b129d1d721c124','BUG-0002','Page is blank','Steps to see it.','low','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-01-01 12:00:00.000000','2026-03-02 09:01:10.000000',2,'http://127.0.0.1:38503/acme/web/issues/2','acme/web');
INSERT INTO "reports" VALUES('e94814f5af784c46b87dd8a75687c87e','315bb9516e3b427ca4b129d1d721c124','BUG-0003','Slow search','Steps to see it.','medium','performance','resolved',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-01-01 12:00:00.000000','2026-03-02 09:01:25.000000',3,'http://127.0.0.1:38503/acme/web/issues/3','acme/web');
INSERT INTO "reports" VALUES('1e1220fbe2e24850bd4c34b3945daf2b','315bb9516e3b427ca4b129d1d721c124','BUG-0004','Unlinked','Steps to see it.','medium','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000',NULL,NULL,NULL);
INSERT INTO "reports" VALUES('b7b05444c0a644b681b5369332c0df34','315bb9516e3b427ca4b129d1d721c124','BUG-0005','Exported, answer lost','Steps to see it.','medium','bug','new',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000',NULL,NULL,NULL);
CREATE TABLE sync_accounts (
	project_id CHAR(32) NOT NULL, 
	account_id BIGINT NOT NULL, 
	login VARCHAR(200), 
	CONSTRAINT pk_sync_accounts PRIMARY KEY (project_id, account_id)
);
INSERT INTO "sync_accounts" VALUES('315bb9516e3b427ca4b129d1d721c124',1004,'bugspark-bot');
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
INSERT INTO "sync_changes" VALUES(1,'315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905','afbb82ebff2f4b2c96c7a3caba5654cd','2026-03-02 09:00:00.000000','github','create_issue',NULL,NULL,'Cart is empty',NULL,'acme/web#1','export was asked for',NULL,'51D0:000006','2026-03-02 09:00:00.000000');
INSERT INTO "sync_changes" VALUES(2,'315bb9516e3b427ca4b129d1d721c124','285fb3843b9a4cf5815f4c681544120f','918b74467fe24b59bd904f17c2b752c3','2026-03-02 09:00:15.000000','github','create_issue',NULL,NULL,'Page is blank',NULL,'acme/web#2','export was asked for',NULL,'51D0:000010','2026-03-02 09:00:15.000000');
INSERT INTO "sync_changes" VALUES(3,'315bb9516e3b427ca4b129d1d721c124','e94814f5af784c46b87dd8a75687c87e','a2955fbe750d45869c173ea38102c018','2026-03-02 09:00:30.000000','github','create_issue',NULL,NULL,'Slow search',NULL,'acme/web#3','export was asked for',NULL,'51D0:00001A','2026-03-02 09:00:30.000000');
INSERT INTO "sync_changes" VALUES(4,'315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905','afbb82ebff2f4b2c96c7a3caba5654cd','2026-03-02 09:00:50.000000','bugspark','import_comment','comment',NULL,NULL,'from GitHub','**alice** (via GitHub): from GitHub','new comment',NULL,NULL,'2026-03-02 09:00:45.000000');
INSERT INTO "sync_changes" VALUES(5,'315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905','afbb82ebff2f4b2c96c7a3caba5654cd','2026-03-02 09:00:50.000000','bugspark','import_comment','comment',NULL,NULL,'deleted later','**bob** (via GitHub): deleted later','new comment',NULL,NULL,'2026-03-02 09:00:45.000000');
INSERT INTO "sync_changes" VALUES(6,'315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905','afbb82ebff2f4b2c96c7a3caba5654cd','2026-03-02 09:00:50.000000','github','post_comment','comment',NULL,'from BugSpark',NULL,'from BugSpark','new comment',NULL,'51D0:000024','2026-03-02 09:00:50.000000');
INSERT INTO "sync_changes" VALUES(7,'315bb9516e3b427ca4b129d1d721c124','285fb3843b9a4cf5815f4c681544120f','918b74467fe24b59bd904f17c2b752c3','2026-03-02 09:01:10.000000','bugspark','conflict','severity','high','critical','low','low','both changed, GitHub''s is newer','critical',NULL,NULL);
INSERT INTO "sync_changes" VALUES(8,'315bb9516e3b427ca4b129d1d721c124','e94814f5af784c46b87dd8a75687c87e','a2955fbe750d45869c173ea38102c018','2026-03-02 09:01:25.000000','bugspark','set_field','status','new','new','resolved','resolved','only GitHub changed',NULL,NULL,'2026-03-02 09:01:20.000000');
INSERT INTO "sync_changes" VALUES(9,'315bb9516e3b427ca4b129d1d721c124','1e1220fbe2e24850bd4c34b3945daf2b','dd5f2489c8da4ae7917f9d5df51c388e','2026-03-02 09:01:35.000000','github','create_issue',NULL,NULL,'Unlinked',NULL,'acme/web#4','export was asked for',NULL,'51D0:000039','2026-03-02 09:01:35.000000');
INSERT INTO "sync_changes" VALUES(10,'315bb9516e3b427ca4b129d1d721c124','1e1220fbe2e24850bd4c34b3945daf2b','dd5f2489c8da4ae7917f9d5df51c388e','2026-03-02 09:01:50.000000','bugspark','unlink',NULL,NULL,'acme/web#4',NULL,NULL,'unlinked by command',NULL,NULL,NULL);
INSERT INTO "sync_changes" VALUES(11,'315bb9516e3b427ca4b129d1d721c124','285fb3843b9a4cf5815f4c681544120f','918b74467fe24b59bd904f17c2b752c3','2026-03-02 09:01:55.000000','github','quarantine','comment',NULL,'to a locked issue',NULL,NULL,'GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked',NULL,NULL,NULL);
INSERT INTO "sync_changes" VALUES(12,'315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905','afbb82ebff2f4b2c96c7a3caba5654cd','2026-03-02 09:01:55.000000','github','post_comment','comment',NULL,NULL,'[BugSpark] Ada: answer lost <!-- bugspark-sync v1 2e3a5a1c 3d0c9748-d6a3-4df3-a…',NULL,'its lost answer was found by its marker',NULL,NULL,NULL);
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
	reason TEXT, 
	CONSTRAINT pk_sync_comments PRIMARY KEY (id), 
	CONSTRAINT uq_sync_comments_local_id_link_id UNIQUE (local_id, link_id), 
	CONSTRAINT uq_sync_comments_remote_id_link_id UNIQUE (remote_id, link_id), 
	CONSTRAINT fk_sync_comments_link_id FOREIGN KEY(link_id) REFERENCES sync_links (id) ON DELETE CASCADE
);
INSERT INTO "sync_comments" VALUES('b81dce36b48148d69986d37ad3e8178c','afbb82ebff2f4b2c96c7a3caba5654cd','315bb9516e3b427ca4b129d1d721c124',700000001,'github','live','bfeea3a4d22b49e399062158559525a9',3000000016,'d6d8b16464b94e657d53fe60d631d89378c830ea336f19b6889c34b9fd6dfe5a','1052371ea592d123bb74cea59c30056db65de83edca11982352d13b6f32229a8','2026-03-02 09:00:45.000000','alice',NULL);
INSERT INTO "sync_comments" VALUES('5dc1d1c459ca4412890488ddcceab9f3','afbb82ebff2f4b2c96c7a3caba5654cd','315bb9516e3b427ca4b129d1d721c124',700000001,'github','live','0c8f9a0819dd4da491ee01689fd00ea8',3000000017,'cd50eba764cd0ba2c7b12b46fb38c5b3d6a58b2807971df5d1ee6928b28ac2cc','a1b28867ec08ac31c3bfd5aad6885575583d0dad8127e2ea3be717dccf83c0d9','2026-03-02 09:00:45.000000','bob',NULL);
INSERT INTO "sync_comments" VALUES('ce0006b74dc54bf899e0a09ce1698580','afbb82ebff2f4b2c96c7a3caba5654cd','315bb9516e3b427ca4b129d1d721c124',700000001,'bugspark','live','367ee49afdc14d36bc00c3b4b224b575',3000000018,'1700ba3f8ef1a60315de24077c32ee504c0363aec02c5f77be966db906915120','0327de40d1e1d88d159b39f06963af601769645b8c690e0ff926be9a335a1762','2026-03-02 09:00:50.000000','Ada',NULL);
INSERT INTO "sync_comments" VALUES('352f789dc71a420292c02d89c6360acb','afbb82ebff2f4b2c96c7a3caba5654cd','315bb9516e3b427ca4b129d1d721c124',700000001,'bugspark','live','4ad19e73d31f436fa6a0e1edfd988678',3000000026,'8ee7a3a830245e2aad59f5a8577c9a5d3a6affc32ad909eb0d28f45cecadc625','fc2d60ec710f76a7db7eb012b94acd7bc7db013604257e334881c35d28b460d2','2026-03-02 09:01:55.000000','Ada',NULL);
INSERT INTO "sync_comments" VALUES('cc7b00ae9ea840b8887ebc6b428e0447','918b74467fe24b59bd904f17c2b752c3','315bb9516e3b427ca4b129d1d721c124',700000001,'bugspark','pending','a40307d4d9294d0bbe4f77b8e48c1089',NULL,'0e2e96f775fe9a39aa2aefd947b992602ddf336282cc7b364748c134a6cbf51b',NULL,NULL,'Ada',NULL);
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
INSERT INTO "sync_governor" VALUES('8a93a51f8ec9a6f6',46,'{"points":[[1772442000,10],[1772442005,2],[1772442010,2],[1772442015,10],[1772442020,2],[1772442025,2],[1772442030,10],[1772442035,2],[1772442040,2],[1772442045,2],[1772442050,8],[1772442055,2],[1772442060,2],[1772442070,3],[1772442075,2],[1772442080,2],[1772442085,2],[1772442090,2],[1772442095,10],[1772442100,2],[1772442105,2],[1772442110,2],[1772442115,28]],"minute":[[1772442000,1],[1772442015,1],[1772442030,1],[1772442050,1],[1772442095,1],[1772442115,4]],"hour":[[29540700,4],[29540701,5]],"verify":[],"last_write":1772442115.0}',NULL,NULL,5000,4968,'2026-03-02 10:00:00.000000');
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
INSERT INTO "sync_intents" VALUES('8c12a6175ff04b7c9fea77246f757a81','315bb9516e3b427ca4b129d1d721c124','285fb3843b9a4cf5815f4c681544120f','918b74467fe24b59bd904f17c2b752c3','cc7b00ae9ea840b8887ebc6b428e0447','a40307d4d9294d0bbe4f77b8e48c1089','create_comment',700000001,2,'{"body":"[BugSpark] Ada:\n\nto a locked issue\n\n<!-- bugspark-sync v1 2e3a5a1c 3d0c9748-d6a3-4df3-acf4-52360f317712 a40307d4-d929-4d0b-be4f-77b8e48c1089 505deb4aab3bc3733918fe3a4ceff9f1 -->"}','quarantined',2,'2026-03-02 09:01:55.000001','2026-03-02 09:01:55.000000','2026-03-02 09:01:55.000000','2026-03-02 10:01:55.000000',0,'GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked',0,'{"rule":"new comment","base":null,"local":"to a locked issue","remote":null,"to":null}');
INSERT INTO "sync_intents" VALUES('e154793dfcbd4d84aeead062b2107e13','315bb9516e3b427ca4b129d1d721c124','b7b05444c0a644b681b5369332c0df34',NULL,NULL,'b7b05444c0a644b681b5369332c0df34','create_issue',700000001,NULL,'{"title":"[BUG-0005] Exported, answer lost","body":"## Bug Report: BUG-0005\n\n**Severity:** medium\n**Category:** bug\n**Status:** new\n\n### Description\n\nSteps to see it.\n\n*Exported from BugSpark (BUG-0005)*\n\n<!-- bugspark-sync v1 2e3a5a1c 3d0c9748-d6a3-4df3-acf4-52360f317712 b7b05444-c0a6-44b6-81b5-369332c0df34 dd72bceb697b737c10438c5f1df0b921 -->","labels":["bug","medium-priority"]}','unknown',1,'2026-03-02 09:01:55.000000','2026-03-02 09:01:55.000000','2026-03-02 09:01:55.000000',NULL,0,'GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).',1,'{"rule":"export was asked for","base":null,"local":"Exported, answer lost","remote":null,"to":null}');
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
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_sync_links PRIMARY KEY (id)
);
INSERT INTO "sync_links" VALUES('afbb82ebff2f4b2c96c7a3caba5654cd','315bb9516e3b427ca4b129d1d721c124','18d37ecc09bb4e97b31f228b1cd3f905',700000001,'acme/web',1,'export',1,'active',NULL,'new','low','bug','Cart is empty','[BUG-0001] Cart is empty','open',NULL,'["bug","low-priority"]','[["bug","ededed"],["low-priority","ededed"]]','[BUG-0001] Cart is empty',4,0,'2026-03-02 09:01:55.000000',3000000001,'2026-03-02 09:00:00.000000',NULL,'2026-03-02 09:00:00.000000','2026-03-02 15:25:24.960000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
INSERT INTO "sync_links" VALUES('918b74467fe24b59bd904f17c2b752c3','315bb9516e3b427ca4b129d1d721c124','285fb3843b9a4cf5815f4c681544120f',700000001,'acme/web',2,'export',1,'active',NULL,'new','low','bug','Page is blank','[BUG-0002] Page is blank','open',NULL,'["bug","low-priority"]','[["bug","ededed"],["low-priority","ededed"]]','[BUG-0002] Page is blank',0,1,'2026-03-02 09:01:50.000000',3000000006,'2026-03-02 09:00:15.000000',NULL,'2026-03-02 09:00:15.000000','2026-03-02 15:22:38.520000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "sync_links" VALUES('a2955fbe750d45869c173ea38102c018','315bb9516e3b427ca4b129d1d721c124','e94814f5af784c46b87dd8a75687c87e',700000001,'acme/web',3,'export',1,'active',NULL,'resolved','medium','performance','Slow search','[BUG-0003] Slow search','closed','completed','["bug","medium-priority","performance"]','[["bug","ededed"],["medium-priority","ededed"],["performance","ededed"]]','[BUG-0003] Slow search',0,0,'2026-03-02 09:01:20.000000',3000000010,'2026-03-02 09:00:30.000000',NULL,'2026-03-02 09:00:30.000000','2026-03-02 15:33:37.200000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "sync_links" VALUES('dd5f2489c8da4ae7917f9d5df51c388e','315bb9516e3b427ca4b129d1d721c124','1e1220fbe2e24850bd4c34b3945daf2b',700000001,'acme/web',4,'export',1,'unlinked',NULL,'new','medium','bug','Unlinked','[BUG-0004] Unlinked','open',NULL,'["bug","medium-priority"]','[["bug","ededed"],["medium-priority","ededed"]]','[BUG-0004] Unlinked',0,0,'2026-03-02 09:01:35.000000',3000000022,'2026-03-02 09:01:35.000000',NULL,'2026-03-02 09:01:35.000000','2026-03-02 14:39:15.800000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
CREATE TABLE sync_lists (
	project_id CHAR(32) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	anchor DATETIME NOT NULL, 
	etag TEXT, 
	etag_credential VARCHAR(100), 
	cursor DATETIME, 
	CONSTRAINT pk_sync_lists PRIMARY KEY (project_id, kind)
);
INSERT INTO "sync_lists" VALUES('315bb9516e3b427ca4b129d1d721c124','issues','2026-03-02 08:58:00.000000','W/"a4d51890f827b2e343032f166a8375f78dd3e37f86b33127"','8a93a51f8ec9a6f6',NULL);
INSERT INTO "sync_lists" VALUES('315bb9516e3b427ca4b129d1d721c124','comments','2026-03-02 08:58:00.000000','W/"42406a4bd345ba1a8527f1953ce47033fdf7416dc969e407"','8a93a51f8ec9a6f6',NULL);
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
INSERT INTO "sync_meta" VALUES('instance','3d0c9748-d6a3-4df3-acf4-52360f317712');
INSERT INTO "sync_meta" VALUES('marker_key','10f4b43e79fd6583a88461efa980483fb65eac4e4eb755a8a296467e0cb6f6b9');
INSERT INTO "sync_meta" VALUES('place','{"device":"27","inode":"4252004"}');
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
	restored_at DATETIME, 
	CONSTRAINT pk_sync_projects PRIMARY KEY (project_id)
);
INSERT INTO "sync_projects" VALUES('315bb9516e3b427ca4b129d1d721c124',700000001,'acme/web',0,0,1004,'bugspark-bot','8a93a51f8ec9a6f6','2026-03-02 09:00:00.000000',0,NULL,NULL,'partial','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for report b7b05444-c0a6-44b6-81b5-369332c0df34: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":5},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}','2026-03-02 09:01:55.000000','2026-03-02 09:01:55.000000',NULL,0,'2026-03-02 09:01:55.000000','{"known":[{"what":"refused","reason":"GitHub refused to comment on acme/web#2 (403): Unable to create comment because issue is locked","mark":"","report_id":"285fb384-3b9a-4cf5-815f-4c681544120f","report":"BUG-0002","issue":"acme/web#2","field":"create_comment"}],"owed":[],"tries":0}',NULL,NULL,NULL);
CREATE TABLE sync_runs (
	id INTEGER NOT NULL, 
	project_id CHAR(32) NOT NULL, 
	at DATETIME NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	result TEXT NOT NULL, 
	CONSTRAINT pk_sync_runs PRIMARY KEY (id)
);
INSERT INTO "sync_runs" VALUES(1,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:00:00.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":1,"cost":6},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(2,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:00:15.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(3,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:00:30.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(4,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:00:50.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":0,"writes":1,"cost":4},"applied":{"reports_updated":0,"comments_imported":2,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":1,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(5,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:01:10.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":3,"not_modified":1,"writes":0,"cost":2},"applied":{"reports_updated":1,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":1,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(6,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:01:25.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":2,"not_modified":1,"writes":0,"cost":1},"applied":{"reports_updated":1,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(7,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:01:35.000000','ok','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"ok","error":null,"duration_ms":0,"github":{"requests":4,"not_modified":2,"writes":1,"cost":2},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":1,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":0,"pending":0,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(8,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:01:55.000000','partial','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_comment for report 18d37ecc-09bb-4e97-b31f-228b1cd3f905: outcome unknown (GitHub''s answer was lost when asked to comment on acme/web#1 (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":5,"not_modified":1,"writes":2,"cost":3},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
INSERT INTO "sync_runs" VALUES(9,'315bb9516e3b427ca4b129d1d721c124','2026-03-02 09:01:55.000000','partial','{"project_id":"315bb951-6e3b-427c-a4b1-29d1d721c124","project_name":"Shop","repository":"acme/web","outcome":"partial","error":{"kind":"quarantined","message":"Shop: create_issue for report b7b05444-c0a6-44b6-81b5-369332c0df34: outcome unknown (GitHub''s answer was lost when asked to create an issue in acme/web (the connection broke (RemoteProtocolError)).); GitHub is looked at before anything is sent again"},"duration_ms":0,"github":{"requests":6,"not_modified":0,"writes":2,"cost":5},"applied":{"reports_updated":0,"comments_imported":0,"comments_edited":0,"comments_removed":0,"issues_created":0,"issues_updated":0,"comments_posted":0,"remote_comments_removed":0},"conflicts":0,"quarantined":1,"pending":2,"withheld":null,"next_at":null,"failures":0,"linked":0,"ended":0,"verified":null,"entered":0,"left":0}');
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
INSERT INTO "users" VALUES('e6781af017f34b29aff8a16a98d784ce','e6781af0-17f3-4b29-aff8-a16a98d784ce@example.test','owner of Shop','user',1,'none');
INSERT INTO "users" VALUES('3af7e7510c634406baaa2368c1305274','3af7e751-0c63-4406-baaa-2368c1305274@example.test','Ada','user',1,'none');
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
CREATE INDEX ix_sync_links_compared ON sync_links (report_id, project_id, state, number, repository, base_status, base_severity, base_category, base_title, id);
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
CREATE INDEX ix_reports_compared ON reports (project_id, id, status, severity, category, title, github_issue_number, github_repo);
CREATE INDEX ix_comments_compared ON comments (id, report_id);
CREATE INDEX ix_comments_created_at ON comments (created_at);
CREATE INDEX ix_comments_report_id ON comments (report_id);
COMMIT;
