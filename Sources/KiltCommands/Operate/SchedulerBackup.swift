internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt scheduler backup`.
struct SchedulerBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Write a verified copy of the scheduler's database.",
    discussion: """
      The scheduler continues to work meanwhile. Writes the copy to the directory "backups" below the state directory, \
      which keeps the last 48 copies. With FILE, also writes a copy to FILE on this machine.

      EXAMPLES
        kilt scheduler backup
        kilt scheduler backup --state-directory /var/lib/kilt /mnt/safe/kilt.sqlite
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("File for a second copy, which must not exist.", valueName: "file"))
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
    commandName: "restore", abstract: "Replace the scheduler's database with a backup.",
    discussion: """
      The scheduler must be stopped. Kilt checks the backup first, and keeps the former database beside the new one. \
      At its next start, the scheduler replaces tasks of the backup that have ended, and ends tasks that are not in \
      the backup.

      EXAMPLES
        kilt scheduler restore --state-directory /var/lib/kilt /mnt/safe/kilt.sqlite
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: .stateDirectory)
  var stateDirectory: String

  @Argument(help: ArgumentHelp("Backup to restore.", valueName: "file"))
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
      remedies: ["install all executables of Kilt in one directory"])
  }
}
