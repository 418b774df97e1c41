internal import Executor
internal import Glibc
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Directories of ended tasks: removed by age and number with their history (`SchedulerPolicy`), and here by their size
// on the disk.
extension HostScheduler {
  /// Makes the files of ended tasks readable again after a reboot of the host: large ones are in files that were
  /// mounted. Another thread does this, because there can be a hundred.
  func restoreFiles() {
    // Tasks that ran count as well: the reboot has ended them. If an executor lives, nothing is touched.
    let ended = store.state.tasks.keys.map { supervisor.directory($0) }
    Task {
      for directory in ended {
        do {
          _ = try await NIOThreadPool.singleton.runIfActive { try directory.restoreFiles() }
        } catch {
          warn("cannot read the files of task \(directory.name): \(Self.summary(of: error))")
        }
      }
    }
  }

  /// Checks the directories of ended tasks, and removes the oldest while they are too large or the disk is nearly full.
  /// At most one check runs at a time.
  func makeRoom() {
    let isTight = isDiskTight()
    setDiskLow(isTight, storeFailure ?? (isTight ? "the directories of ended tasks are being removed" : nil))
    guard !isMakingRoom, isTight || monotonicNanoseconds() >= roomAt else { return }
    roomAt = monotonicNanoseconds() + 60_000_000_000
    let ended = store.state.tasks.values.filter {
      $0.status.isTerminal && !$0.awaitsEnd && destroying[$0.id] == nil && !removed.contains($0.id)
    }
    removed.formIntersection(store.state.tasks.keys)
    folderSizes = folderSizes.filter { store.state.tasks[$0.key] != nil || archiving.held.contains($0.key) }
    // Directories that wait for the archive belong to forgotten tasks: they are older than all others.
    let held = archiving.held.sorted().map {
      ($0, Timestamp(milliseconds: 0), FilePath(supervisor.directory($0).paths.directory))
    }
    guard !ended.isEmpty || !held.isEmpty else { return }
    isMakingRoom = true
    let known = folderSizes
    let folders = held + ended.map { ($0.id, $0.since, FilePath(supervisor.directory($0.id).paths.directory)) }
    let options = options
    Task {
      var sizes = known
      var surplus: [TaskID] = []
      do {
        (sizes, surplus) = try await NIOThreadPool.singleton.runIfActive {
          try Self.look(at: folders, known: known, options)
        }
      } catch {
        warn("cannot measure the directories of ended tasks: \(Self.summary(of: error))")
      }
      madeRoom(sizes, surplus)
    }
  }

  /// Whether so little space is free that directories must be removed at once.
  private func isDiskTight() -> Bool {
    guard storeFailure == nil else { return true }
    var disk = statvfs()
    guard options.stateDirectory.withPlatformString({ statvfs($0, &disk) }) == 0 else { return false }
    let block = Int(disk.f_frsize)
    return Int(disk.f_bavail) * block < min(Int(disk.f_blocks) * block / 20, options.reserveBytes)
  }

  private func madeRoom(_ sizes: [TaskID: Int], _ surplus: [TaskID]) {
    isMakingRoom = false
    folderSizes = sizes
    for task in surplus where store.state.tasks[task]?.status.isTerminal == true || archiving.held.contains(task) {
      removed.insert(task)
      folderSizes[task] = nil
      warn("removed the directory of the ended task \(task) to free disk space")
      dropUnarchived(task)
    }
  }

  /// Measures directories that were not measured yet: directories of ended tasks do not grow.
  private static func look(
    at folders: [(TaskID, Timestamp, FilePath)], known: [TaskID: Int], _ options: SchedulerOptions
  ) throws -> (sizes: [TaskID: Int], surplus: [TaskID]) {
    var disk = statvfs()
    guard options.stateDirectory.withPlatformString({ statvfs($0, &disk) }) == 0 else {
      throw SystemCallError("statvfs", options.stateDirectory, Errno(rawValue: errno))
    }
    let block = Int(disk.f_frsize)
    let size = Int(disk.f_blocks) * block
    var sizes = known
    var measured: [FolderRetention.Folder] = []
    for (task, endedAt, path) in folders {
      guard try FileSystem.statusIfPresent(of: path) != nil else { continue }
      let bytes = sizes[task] ?? FolderRetention.bytes(of: path)
      sizes[task] = bytes
      measured.append(FolderRetention.Folder(task: task, endedAt: endedAt, bytes: bytes))
    }
    let retention = FolderRetention(
      limit: options.historyBytes ?? size / 5, reserve: min(size / 20, options.reserveBytes))
    return (sizes, retention.surplus(measured, free: Int(disk.f_bavail) * block))
  }
}
