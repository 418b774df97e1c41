import Foundation
import GRDB
import JobModel
import SchedulerCore
import SchedulerStore
import Testing

/// Databases as earlier versions wrote them, row by row. A version that was released gets a fixture here that is never
/// changed.
@Suite struct MigrationTests {
  /// Version 1: releases inside of the jobs' rows, quotas by role alone.
  private static let first = """
    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
    INSERT INTO grdb_migrations VALUES ('1: jobs, tasks, updates, events');
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
    INSERT INTO meta VALUES ('next_sequence', 8), ('next_port', 31002), ('time', 1700000009000);
    INSERT INTO quotas VALUES ('cbe', '{"cpu":3,"ram":1073741824,"disk":1073741824,"processes":1024}');
    INSERT INTO configurations VALUES (1, 'CONFIGURATION');
    INSERT INTO jobs VALUES ('aa/cbe/devel/ball', '{"key":"aa/cbe/devel/ball","revisions":[
      {"number":1,"configuration":CONFIGURATION,"submitted_at":1700000000000,"user":"ann"},
      {"number":2,"configuration":CONFIGURATION,"submitted_at":1700000005000}],
      "current":1,"desired":{"0":2,"1":1},"completed":[],"ending":false,"created_at":1700000000000}');
    INSERT INTO tasks VALUES ('t1', 'aa/cbe/devel/ball', 1, 'RUNNING', 1, '{"id":"t1","job":"aa/cbe/devel/ball",
      "instance":1,"sequence":3,"revision":1,"status":"RUNNING","since":1700000001000,"ports":{"http":31001},
      "restarts":0,"failures":0,"flaps":0,"assigned_at":1700000000000,"executor_pid":7,"kill_attempts":0,
      "awaits_end":false,"events":[{"time":1700000000000,"status":"PENDING"}]}');
    INSERT INTO tasks VALUES ('t2', 'aa/cbe/devel/ball', 0, 'STARTING', 1, '{"id":"t2","job":"aa/cbe/devel/ball",
      "instance":0,"sequence":7,"revision":2,"status":"STARTING","since":1700000006000,"ports":{"http":31000},
      "restarts":1,"failures":0,"flaps":0,"assigned_at":1700000006000,"kill_attempts":0,"awaits_end":false,
      "events":[{"time":1700000006000,"status":"PENDING"}]}');
    INSERT INTO updates VALUES ('u', 'aa/cbe/devel/ball', 'ROLLING_FORWARD', '{"id":"u","job":"aa/cbe/devel/ball",
      "status":"ROLLING_FORWARD","configuration":{"batch_size":1,"watch":30,"max_per_instance_failures":0,
      "max_total_failures":0,"rollback_on_failure":true,"wait_for_batch_completion":false,"start_first":false},
      "revision":2,"former_revision":1,"restart":false,"instances":[
      {"instance":0,"from":1,"to":2,"phase":"working","action":"INSTANCE_UPDATING","failures":0,"began_at":6},
      {"instance":1,"from":1,"to":2,"phase":"waiting","failures":0,"began_at":0}],
      "started_at":1700000005000,"since":1700000005000}');
    INSERT INTO events (time, job, kind, user, message) VALUES (1700000000000, 'aa/cbe/devel/ball', 'job', 'ann', 'created');
    """.replacingOccurrences(of: "CONFIGURATION", with: configuration)

  private static let configuration = """
    {"key":"aa/cbe/devel/ball","service":true,"instances":2,"task":{"name":"t","processes":[{"name":"run","cmdline":\
    "serve {{thermos.ports[http]}}"}],"resources":{"cpu":1,"ram":1048576,"disk":1048576}}}
    """

  @Test("A database of version 1 opens with its releases, tasks, update and quotas") func fromVersion1() throws {
    try withDirectory { path in
      let database = try DatabaseQueue(path: path)
      try database.write { try $0.execute(sql: Self.first) }
      try database.close()
      for _ in 0..<2 {
        let store = try SchedulerStore(path: path)
        let state = store.state
        let job = try #require(state.jobs.values.first)
        #expect(job.revisions.map(\.number) == [1, 2])
        #expect(job.revisions.map(\.user) == ["ann", nil])
        #expect(job.revisions.map(\.result) == [.rolledForward, nil])
        #expect(state.quotas == [QuotaKey(role: "cbe"): Resources(cpu: 3, ram: 1 << 30, disk: 1 << 30)])
        #expect(state.activeTasks.map(\.id.rawValue) == ["t1", "t2"])
        #expect(state.activeUpdate(of: job.key)?.batches == [[0, 1]])
        #expect(try store.events().map(\.user) == ["ann"])
        try store.close()
      }
      // And it goes on where it was.
      let store = try SchedulerStore(path: path)
      let time = Timestamp(milliseconds: 1_700_000_010_000)
      try store.apply(.hostOffer(offer), at: time)
      try store.apply(.executorsFound(live: ["t1": 7, "t2": 8], dead: []), at: time)
      try store.apply(.taskStatus("t2", .running), at: time)
      try store.apply(.tick, at: time + .seconds(30))
      #expect(store.state.tasks["t1"]?.status == .restarting)
      try store.close()
    }
  }
}
