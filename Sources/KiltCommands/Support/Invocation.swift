internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

/// One run of `kilt`: arguments in, exit code out.
public enum Invocation {
  /// Parses the arguments (without the program's name), runs the command, and says what went wrong.
  ///
  /// Returns the exit code of DESIGN's table: 0 done, 1 the work failed, 2 wrong usage or input, 3 the machine lacks
  /// something, 70 a defect.
  public static func run(_ arguments: [String]) -> Int32 {
    claimStandardDescriptors()
    let code = QuietRun.first(arguments) { execute(all: PantsConfigurationFiles.taken(outOf: arguments)) }
    // Other machines can use the results, whether or not the command succeeded.
    RemoteCaches.finish()
    guard let failure = standardOutputFailure() else { return code }
    let diagnostic = Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
    writeText(DiagnosticRenderer(color: Terminal.standardError.usesColor).render(diagnostic), to: 2)
    // Nothing that was asked for has arrived, whatever was done for it: also where 1 says what the results would have.
    return code < Blame.input.exitCode ? diagnostic.blame.exitCode : code
  }

  /// Runs what the arguments stand for: aliases replaced, several verbs one after the other until one fails.
  private static func execute(all arguments: [String]) -> Int32 {
    let verbs = Set(Kilt.configuration.subcommands.compactMap { $0.configuration.commandName })
    let calls: [[String]]
    do {
      let expanded = try CommandAliases.expand(arguments, verbs: verbs)
      calls = try SeveralVerbs.calls(expanded, known: verbs) { name in
        FileSystem.exists(try CommandAliases.directory(expanded).pushing(FilePath(name)))
      }
    } catch {
      return report(error)
    }
    for call in calls {
      let code = execute(call)
      if code != 0 { return code }
    }
    return 0
  }

  private static func execute(_ arguments: [String]) -> Int32 {
    do {
      try checkVerb(arguments)
      var command = try Kilt.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch let error as ExitCode {
      return error.rawValue
    } catch {
      TerminationSignals.awaitEnd()
      return report(error)
    }
  }

  /// Distinguishes an unknown command from a superfluous argument, and suggests similar commands.
  private static func checkVerb(_ arguments: [String]) throws {
    var command: any ParsableCommand.Type = Kilt.self
    var path = "kilt"
    for (position, argument) in arguments.enumerated() {
      let verbs = command.configuration.subcommands
      if verbs.isEmpty || argument.hasPrefix("-") || argument == "help" { return }
      guard let next = verbs.first(where: { $0.configuration.commandName == argument }) else {
        // What is no verb is an argument of the one that may be left out.
        if command.configuration.defaultSubcommand != nil { return }
        let foreign = ForeignVerbs.remedy(
          for: Array(arguments[position...]), below: path.split(separator: " ").dropFirst().map(String.init))
        if path == "kilt", let known = OtherTools.remedy(for: argument) {
          // A word such as `exec` means one thing in a build, and another for what runs.
          let other = foreign.map { known.hasPrefix($0) ? [] : ["or, for a job, " + $0] } ?? []
          throw Diagnostic(.input, "unknown command \"kilt \(argument)\"", remedies: [known] + other)
        }
        let names = verbs.compactMap { $0.configuration.commandName }
        let near = foreign ?? Suggestions.remedy(for: argument, among: names)
        throw Diagnostic(
          .input, "unknown command \"\(path) \(argument)\"",
          remedies: [near ?? "run `\(path) --help` to list the commands"])
      }
      path += " " + argument
      command = next
    }
  }

  private static func report(_ error: any Error) -> Int32 {
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    switch error {
    case is any DiagnosableError, is DiagnosticList:
      writeText(renderer.render(error), to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    case let error as SystemCallError:
      let diagnostic = Diagnostic(error)
      writeText(renderer.render(diagnostic), to: 2)
      return diagnostic.blame.exitCode
    default: break
    }
    // Help and version asked for go to standard output with exit code 0; a usage error to standard error with 2.
    let code = Kilt.exitCode(for: error)
    let message = Kilt.fullMessage(for: error)
    if code == .success {
      writeText(UsageLine.wrap(message) + "\n", to: 1)
      return 0
    }
    if code == .validationFailure {
      writeText(message.replacingPrefix("Error:", with: "error:") + "\n", to: 2)
      return Blame.input.exitCode
    }
    writeText(renderer.render(error), to: 2)
    return DiagnosticRenderer.exitCode(for: error)
  }
}

extension Diagnostic {
  /// A system call that no module expected to fail: a problem of the machine, with the most frequent remedy.
  init(_ error: SystemCallError) {
    self.init(.environment, error.description)
    if error.isNoSpace {
      remedies = ["free space on that file system"]
    } else if error.errno == .permissionDenied || error.errno == .notPermitted {
      remedies = ["check the owner and the permissions of the path"]
    }
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
    hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
  }
}
