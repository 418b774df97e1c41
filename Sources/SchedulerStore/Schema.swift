internal import GRDB
internal import Pipelines

/// The tables. A version that was released is never changed, only followed by another.
enum Schema {
  /// The names of all versions, oldest first.
  static let versions = ["1: jobs, tasks, updates, events", "2: releases", "3: pipelines", "4: scheduled pipelines"]

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration(versions[0]) { connection in
      try connection.execute(
        sql: """
          CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
          CREATE TABLE configurations (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT;
          CREATE TABLE jobs (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
          CREATE TABLE tasks (
            id TEXT PRIMARY KEY, job TEXT NOT NULL, instance INTEGER NOT NULL, status TEXT NOT NULL,
            configuration INTEGER NOT NULL REFERENCES configurations (id), body TEXT NOT NULL
          ) STRICT;
          CREATE TABLE updates (id TEXT PRIMARY KEY, job TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL) STRICT;
          CREATE TABLE quotas (role TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
          CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, job TEXT NOT NULL, kind TEXT NOT NULL,
            subject TEXT, instance INTEGER, status TEXT, user TEXT, message TEXT
          ) STRICT;
          CREATE INDEX events_by_job ON events (job, id);
          CREATE INDEX events_by_time ON events (time);
          """)
    }
    // Releases leave the jobs' rows: the cost of accepting one does not depend on their number.
    migrator.registerMigration(versions[1]) { connection in
      try connection.execute(
        sql: """
          CREATE TABLE releases (
            job TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, number)
          ) STRICT, WITHOUT ROWID;
          INSERT INTO releases (job, number, body)
            SELECT jobs.key, json_extract(revision.value, '$.number'),
              CASE WHEN json_extract(revision.value, '$.number') <= json_extract(jobs.body, '$.current')
                THEN json_set(revision.value, '$.result', 'ROLLED_FORWARD') ELSE revision.value END
            FROM jobs, json_each(jobs.body, '$.revisions') AS revision;
          UPDATE jobs SET body = json_remove(body, '$.revisions');
          """)
    }
    migrator.registerMigration(versions[2]) { connection in
      try connection.execute(sql: PipelineTables.schema)
      try connection.execute(sql: "CREATE TABLE pipeline_jobs (run TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
    }
    migrator.registerMigration(versions[3]) { connection in
      try connection.execute(sql: "CREATE TABLE pipeline_schedules (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
    }
    return migrator
  }

  /// Configurations of tasks that are forgotten.
  static func dropUnusedConfigurations(_ connection: Database) throws {
    try connection.execute(
      sql: """
        DELETE FROM configurations WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.configuration = configurations.id)
        """)
  }
}
