internal import ContentStore
internal import Diagnostics
internal import JSON
internal import Observability
internal import SystemSupport

/// DuckDB, in a Python environment that Kilt creates once in the user's cache.
struct DuckDB {
  private let python: FilePath
  /// The version that is installed: another one can read the same files, and this one is tested.
  private static let version = "2.0.1"

  /// The environment of `KILT_DUCKDB_PYTHON`, or the one of the cache, which is created if it is missing.
  init() throws {
    if let named = environmentVariable("KILT_DUCKDB_PYTHON"), !named.isEmpty {
      python = FilePath(named)
      return
    }
    // The programs installed there are executed: a directory that others can change is refused.
    _ = try ContentStore.userDefault()
    let tools = try ContentStore.defaultRoot().appending("duckdb")
    let directory = tools.appending(Self.version)
    python = directory.appending("bin/python")
    let isReady = directory.appending("ready")
    if FileSystem.exists(isReady) { return }
    try FileSystem.createDirectories(tools)
    let lock = try FileLock(waitingFor: tools.appending("lock"))
    // Another process can have been first.
    if !FileSystem.exists(isReady) { try Self.install(in: directory, marking: isReady) }
    _ = consume lock
  }

  private static func install(in directory: FilePath, marking ready: FilePath) throws {
    guard let python = Subprocess.find("python3") else {
      throw Diagnostic(.environment, "python3 is missing", remedies: ["install Python 3.9 or later"])
    }
    writeText("installing duckdb \(version) in \(directory)\n", to: 2)
    if FileSystem.exists(directory) { try FileSystem.removeTree(directory) }
    let steps: [(String, [String])] = [
      (python.string, ["-I", "-m", "venv", directory.string]),
      (
        directory.appending("bin/python").string,
        ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "duckdb==\(version)"]
      ),
    ]
    for (program, arguments) in steps {
      let outcome = try Subprocess(
        program, arguments, environment: environmentStrings(), deadlineMilliseconds: 600_000
      ).run()
      guard outcome.termination.isSuccess else {
        throw Diagnostic(
          .environment, "duckdb cannot be installed with pip",
          notes: outcome.errorText.split(separator: "\n").suffix(5).map { PlainText.line($0) },
          remedies: ["install it yourself, and name its Python: `KILT_DUCKDB_PYTHON=VENV/bin/python`"])
      }
    }
    try FileSystem.write(text: "", to: ready)
  }

  /// Runs a request. The output of the program goes to standard output as it arrives, in any amount.
  func run(_ request: JSONValue) throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "kilt-query")
    defer { try? FileSystem.removeTree(scratch) }
    let file = scratch.appending("request.json")
    try FileSystem.write(text: request.text(), to: file)
    let termination = try Subprocess(
      python.string, ["-I", "-c", Self.program, file.string], environment: environmentStrings()
    ).runInteractively()
    switch termination {
    case .exited(0): return
    case .exited(2):
      throw Diagnostic(
        .input, "DuckDB refuses the query", notes: ["the table is logs, with the columns \(Self.columnNames)"],
        remedies: ["change the query as the message of DuckDB says"])
    default:
      throw Diagnostic(
        .environment, "DuckDB failed", remedies: ["run the command again with less data, such as one date"])
    }
  }

  private static var columnNames: String {
    (PartitionFilter.columns + ArchivedLine.columns.map(\.name)).joined(separator: ", ")
  }

  /// The columns, for requests.
  static var columns: JSONValue {
    .object(JSONObject(ArchivedLine.columns.map { ($0.name, .string($0.duckDB)) }))
  }

  private static let program = """
    import csv, datetime, decimal, json, sys
    import duckdb

    with open(sys.argv[1]) as file:
        request = json.load(file)
    db = duckdb.connect()
    db.execute("SET autoinstall_known_extensions = false")
    columns = request["columns"]
    partition = {name: "VARCHAR" for name in ("cluster", "role", "stage", "job", "date")}
    partition["hour"] = "INTEGER"

    def text(value):
        return "'" + value.replace("'", "''") + "'"

    def struct(types):
        return "{" + ", ".join(text(name) + ": " + text(kind) for name, kind in types.items()) + "}"

    def source(raw, parquet):
        parts = []
        hive = "hive_partitioning = true, hive_types = {" + ", ".join(text(n) + ": " + k for n, k in partition.items()) + "}"
        if raw:
            parts.append("SELECT * FROM read_json([" + ", ".join(map(text, raw)) + "], format = 'newline_delimited', "
                         "maximum_object_size = 33554432, columns = " + struct(columns) + ", " + hive + ")")
        if parquet:
            parts.append("SELECT * FROM read_parquet([" + ", ".join(map(text, parquet)) + "], " + hive + ")")
        if not parts:
            every = {**columns, **partition}
            parts.append("SELECT " + ", ".join("NULL::" + k + " AS " + n for n, k in every.items()) + " WHERE false")
        return " UNION ALL BY NAME ".join(parts)

    def plain(value):
        if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal)):
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
        if isinstance(value, bytes):
            return value.hex()
        return value

    def cell(value):
        shown = "" if value is None else str(plain(value))
        return "".join(c if c.isprintable() else "\\\\x%02x" % ord(c) for c in shown)

    def query():
        db.execute("CREATE VIEW logs AS " + source(request["raw"], request["parquet"]))
        result = db.execute(request["sql"])
        if result.description is None:
            return
        names = [d[0] for d in result.description]
        if request["format"] == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\\n")
            writer.writerow(names)
            while rows := result.fetchmany(5000):
                writer.writerows([plain(v) for v in row] for row in rows)
        elif request["format"] == "json":
            sys.stdout.write("[")
            first = True
            while rows := result.fetchmany(5000):
                for row in rows:
                    sys.stdout.write(("" if first else ",") + "\\n" + json.dumps(dict(zip(names, map(plain, row))), default=str))
                    first = False
            sys.stdout.write("\\n]\\n")
        else:
            rows = result.fetchmany(5000)
            widths = [max([len(n)] + [len(cell(r[i])) for r in rows]) for i, n in enumerate(names)]
            print("  ".join(n.ljust(w) for n, w in zip(names, widths)).rstrip())
            while rows:
                for row in rows:
                    print("  ".join(cell(v).ljust(w) for v, w in zip(row, widths)).rstrip())
                rows = result.fetchmany(5000)

    def compact():
        for item in request["items"]:
            db.execute("COPY (SELECT * EXCLUDE (cluster, role, stage, job, date, hour) FROM (" + source(item["raw"], [])
                       + ") ORDER BY task, process, run, stream, position) TO " + text(item["to"])
                       + " (FORMAT parquet, COMPRESSION zstd)")

    try:
        query() if request["action"] == "query" else compact()
    except duckdb.Error as error:
        sys.stderr.write("\\n".join(map(cell, str(error).splitlines())) + "\\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    """
}
