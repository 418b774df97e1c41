internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt scheduler backup`.
struct SchedulerBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Write a checked copy of the scheduler's database.",
    discussion: """
      The scheduler goes on working meanwhile. The copy is below the scheduler's state directory, in "backups"; the \
      last 48 are kept. With FILE, the copy is put there too, on this machine.

      EXAMPLES
        kilt scheduler backup
        kilt scheduler backup --state-directory /var/lib/kilt /mnt/safe/kilt.sqlite
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("File for another copy, which must not exist.", valueName: "file"))
  var file: String?

  func run() throws {
    let target = try file.map { try global.workingDirectory.pushing(FilePath($0)) }
    if let target, FileSystem.exists(target) {
      throw Diagnostic(
        .input, "cannot write the backup to \"\(target)\": the file exists", remedies: ["name a new file"])
    }
    var path = try options.client(global).backup()
    if let target {
      try FileSystem.write(try FileSystem.read(FilePath(path)), to: target, permissions: 0o600)
      path = target.string
    }
    switch output.format {
    case .json: writeText((["path": .string(path)] as JSONValue).text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print(PlainText.line(path))
    }
  }
}

/// `kilt scheduler restore`.
struct SchedulerRestore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a backup in the place of the scheduler's database.",
    discussion: """
      The scheduler must be stopped. The backup is checked first, and the former database is kept beside it. When the \
      scheduler starts again, it replaces tasks of the backup that have ended, and ends tasks that the backup does not \
      know.

      EXAMPLES
        kilt scheduler restore --state-directory /var/lib/kilt /mnt/safe/kilt.sqlite
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("State directory of the scheduler.", valueName: "path"))
  var stateDirectory: String

  @Argument(help: ArgumentHelp("The backup.", valueName: "file"))
  var file: String

  func run() throws {
    let directory = try global.workingDirectory
    let program = try executablePath().removingLastComponent().appending("kilt-scheduler")
    let arguments = [
      program.string, "restore", "--state-directory", directory.pushing(FilePath(stateDirectory)).string,
      directory.pushing(FilePath(file)).string,
    ]
    let error = withCStrings(arguments) { strings in
      withCStrings(environmentStrings()) { environment in
        if let path = strings[0] { execve(path, strings, environment) }
        return errno
      }
    }
    throw Diagnostic(
      .environment, "cannot start \"\(program)\": \(Errno(rawValue: error))",
      remedies: ["install all executables of Kilt in one folder"])
  }
}
