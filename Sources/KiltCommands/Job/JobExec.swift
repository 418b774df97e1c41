internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport

/// `kilt job exec`.
struct JobExec: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Run a command in the sandbox of a running instance.",
    discussion: """
      The command has the user, directories, environment and limits of the instance. On a terminal, the command gets \
      its own terminal, so that shells and editors work; --no-terminal uses plain pipes. Returns the exit code of the \
      command; with --all, the highest one.

      EXAMPLES
        kilt job exec devcluster/www-data/prod/fiddler/0 -- sh
        kilt job exec devcluster/www-data/prod/fiddler --all -- ls -l
        kilt job exec jobs/fiddler.yaml --stage devel --instance 1 -- env
        tar -c data | kilt job exec devcluster/www-data/devel/fiddler/0 -- tar -x
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var instances: InstanceOptions

  @Flag(help: "Run the command in every instance, one after the other. Each line names its instance.")
  var all = false

  @Flag(inversion: .prefixedNo, help: "Give the command a terminal. Default: if standard input is a terminal.")
  var terminal: Bool?

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("Program and its arguments, after --.", valueName: "command"))
  var command: [String] = []

  func run() throws {
    guard !command.isEmpty else {
      throw Diagnostic(
        .input, "no command was given", remedies: ["write it after --: `kilt job exec \(job.file) -- ls -l`"])
    }
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    let running = try session.job(reference.key).instances.filter { !$0.status.isTerminal }.map(\.instance)
    let named = try instances.instances(reference)
    let numbers = named.isEmpty && (all || running.count == 1) ? running : named
    guard !numbers.isEmpty else {
      throw Diagnostic(
        .input, running.isEmpty ? "no instance of \(reference.key) runs" : "name an instance, or use --all",
        notes: ["running instances: \(PlanReport.ranges(running))"],
        remedies: ["run `kilt job exec \(reference.key)/\(running.first ?? 0) -- \(command[0])`"])
    }
    guard numbers.count == 1 else {
      let codes = try numbers.map { try inEach(session.client, reference.key, $0) }
      return try finish(codes.max() ?? 0)
    }
    let wantsTerminal = terminal ?? (isTerminal(0) && isTerminal(1))
    try finish(
      wantsTerminal
        ? try interactive(session.client, reference.key, numbers[0])
        : try piped(session.client, reference.key, numbers[0]))
  }

  private func finish(_ code: Int32) throws {
    if code != 0 { throw ExitCode(code) }
  }

  /// With this process's streams as they are.
  private func piped(_ client: SchedulerClient, _ key: JobKey, _ instance: Int) throws -> Int32 {
    let remote = try client.exec(key, instance: instance, command)
    passInput(to: remote)
    return try remote.run { frame in
      switch frame {
      case .output(let bytes): writeBytes(bytes, to: 1)
      case .error(let bytes): writeBytes(bytes, to: 2)
      case .end: break
      }
    }
  }

  private func interactive(_ client: SchedulerClient, _ key: JobKey, _ instance: Int) throws -> Int32 {
    let remote = try client.exec(key, instance: instance, command, size: RawTerminal.size)
    guard let raw = RawTerminal() else { throw Diagnostic(.input, "standard input is not a terminal") }
    defer { raw.restore() }
    passInput(to: remote)
    let hasEnded = Mutex(false)
    _ = startThread {
      // SIGWINCH has no separate thread here: the size is polled instead.
      var size = RawTerminal.size
      while !hasEnded.withLock({ $0 }) {
        pauseMilliseconds(250)
        let now = RawTerminal.size
        guard now != size else { continue }
        size = now
        // The command can have ended just now.
        do { try remote.resize(columns: now.columns, rows: now.rows) } catch { return }
      }
    }
    defer { hasEnded.withLock { $0 = true } }
    return try remote.run { frame in
      switch frame {
      case .output(let bytes), .error(let bytes): writeBytes(bytes, to: 1)
      case .end: break
      }
    }
  }

  /// Hands standard input on, on a thread that ends with this process.
  private func passInput(to remote: RemoteCommand) {
    _ = startThread {
      while true {
        let bytes = readStandardInput()
        // An ended command accepts no more input.
        do { try remote.send(bytes, isLast: bytes.isEmpty) } catch { return }
        if bytes.isEmpty { return }
      }
    }
  }

  private func inEach(_ client: SchedulerClient, _ key: JobKey, _ instance: Int) throws -> Int32 {
    let remote = try client.exec(key, instance: instance, command)
    try remote.send([], isLast: true)
    var lines = [LineBuffer(), LineBuffer()]
    func show(_ texts: [[UInt8]], _ stream: Int) {
      for text in texts {
        let line = PlainText.logLine(String(decoding: text, as: UTF8.self))
        writeText("\(instance) \(stream == 0 ? "|" : "!") \(line)\n", to: stream == 0 ? 1 : 2)
      }
    }
    let code = try remote.run { frame in
      switch frame {
      case .output(let bytes): bytes.withUnsafeBytes { show(lines[0].take($0), 0) }
      case .error(let bytes): bytes.withUnsafeBytes { show(lines[1].take($0), 1) }
      case .end: break
      }
    }
    for stream in 0..<2 { show(lines[stream].rest(), stream) }
    if code != 0 { global.note("instance \(instance): exit code \(code)") }
    return code
  }
}
