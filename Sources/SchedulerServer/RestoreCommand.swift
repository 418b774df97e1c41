internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerStore
internal import SystemSupport

/// `kilt-scheduler restore`, which `kilt scheduler restore` starts: the database is no part of what `kilt` links.
struct RestoreCommand: ParsableCommand {
  static let name = "restore"
  static let configuration = CommandConfiguration(
    commandName: "kilt-scheduler restore", abstract: "Put a backup in the place of the scheduler's database.")

  @Option(help: ArgumentHelp("State directory of the scheduler, which must be stopped.", valueName: "path"))
  var stateDirectory: String

  @Argument(help: ArgumentHelp("The backup.", valueName: "file"))
  var backup: String

  func restore() throws {
    let directory = FilePath(stateDirectory)
    try FileSystem.createDirectories(directory, permissions: 0o711)
    guard let lock = try FileLock.attempt(directory.appending("lock")) else {
      throw Diagnostic(
        .input, "cannot restore into \"\(stateDirectory)\": a scheduler works on it", remedies: ["stop it first"])
    }
    let stamp = HostScheduler.now().description.filter { $0.isNumber || $0 == "T" }
    let former = try SchedulerStore.restore(
      backup, to: directory.appending("scheduler.sqlite").string,
      asideAs: directory.appending("scheduler.sqlite.before-restore-\(stamp)").string)
    _ = consume lock
    writeText("restored \"\(backup)\"\n", to: 1)
    if let former { writeText("the former database is \"\(former)\"\n", to: 1) }
  }
}
