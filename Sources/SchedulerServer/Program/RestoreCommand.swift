internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerStore
internal import SystemSupport

/// `kilt-scheduler restore`, which `kilt scheduler restore` starts: `kilt` does not link the database.
struct RestoreCommand: ParsableCommand {
  static let name = "restore"
  static let configuration = CommandConfiguration(
    commandName: "kilt-scheduler restore", abstract: "Replace the scheduler's database with a backup.",
    discussion: """
      The scheduler must be stopped. The former database stays beside the new one.

      EXAMPLES
        kilt-scheduler restore --state-directory /var/lib/kilt /mnt/safe/kilt.sqlite
      """)

  @Option(help: ArgumentHelp("State directory of the scheduler.", valueName: "path"))
  var stateDirectory: String

  @Argument(help: ArgumentHelp("Backup to restore.", valueName: "file"))
  var backup: String

  func restore() throws {
    let directory = FilePath(stateDirectory)
    try FileSystem.createDirectories(directory, permissions: 0o711)
    guard let lock = try FileLock.attempt(directory.appending("lock")) else {
      throw Diagnostic(
        .input, "cannot restore into \"\(stateDirectory)\": a scheduler uses it", remedies: ["stop it first"])
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
