-- A database as an earlier version wrote it: one answered turn, one thumb up.
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'chatbot','m001_conversations','2026-11-29 04:35:54.964138+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'chatbot','m002_turns','2026-11-29 04:35:54.964525+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'chatbot','m003_citations','2026-11-29 04:35:54.964771+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'chatbot','m004_feedback','2026-11-29 04:35:54.964983+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'chatbot','m005_corrections','2026-11-29 04:35:54.965180+00:00');
CREATE TABLE "citations" (
   "turn_id" TEXT REFERENCES "turns"("id"),
   "n" INTEGER,
   "article" TEXT,
   "title" TEXT,
   "heading" TEXT,
   "url" TEXT,
   "quote" TEXT,
   "language" TEXT,
   PRIMARY KEY ("turn_id", "n")
);
INSERT INTO "citations" VALUES('turn',1,'faq/returns','Returns','How > When','','Within 30 days.','en');
CREATE TABLE "conversations" (
   "id" TEXT PRIMARY KEY,
   "channel" TEXT NOT NULL,
   "language" TEXT,
   "owner" TEXT NOT NULL,
   "created_at" TEXT NOT NULL
);
INSERT INTO "conversations" VALUES('talk','page','en','bot','2026-11-29T04:35:54.965+00:00');
CREATE TABLE "corrections" (
   "turn_id" TEXT PRIMARY KEY REFERENCES "turns"("id"),
   "text" TEXT NOT NULL,
   "author" TEXT,
   "created_at" TEXT
);
CREATE TABLE "feedback" (
   "turn_id" TEXT PRIMARY KEY REFERENCES "turns"("id"),
   "rating" INTEGER,
   "comment" TEXT,
   "created_at" TEXT
);
INSERT INTO "feedback" VALUES('turn',1,'Good','2026-11-29T04:35:54.967+00:00');
CREATE TABLE "turns" (
   "id" TEXT PRIMARY KEY,
   "conversation_id" TEXT REFERENCES "conversations"("id"),
   "question" TEXT NOT NULL,
   "query" TEXT,
   "hits" TEXT,
   "decision" TEXT,
   "answer" TEXT,
   "status" TEXT NOT NULL,
   "language" TEXT,
   "model" TEXT,
   "index_version" TEXT,
   "timings" TEXT,
   "error" TEXT,
   "process" TEXT,
   "created_at" TEXT,
   "closed_at" TEXT
);
INSERT INTO "turns" VALUES('turn','talk','When?','when','[{"passage": {"id": "faq/returns#1", "article": "faq/returns", "title": "Returns", "heading": "How > When", "text": "Within 30 days.", "url": "", "language": "en", "tags": ["r"], "product": "", "audience": "public"}, "score": 0.9, "dense": 0.8, "lexical": 7.5, "coverage": 0.5, "asked": 0.0, "apart": 0.0, "reranked": null}]','answer','In 30 days [1].','done','en','m@1','v1','{"total": 0.5}','','24128@607092','2026-11-29T04:35:54.966+00:00','2026-11-29T04:35:54.967+00:00');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX "idx_turns_conversation_id"
    ON "turns" ("conversation_id");
CREATE INDEX "idx_turns_status"
    ON "turns" ("status");
COMMIT;
