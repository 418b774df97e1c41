internal import JobModel

// Start-first updates: for a while an instance has two tasks, the new one that takes over (the active one) and the
// leaving one. The leaving task continues to run until the new one has proved itself.
extension Scheduler {
  func leaving(of key: InstanceKey) -> [TaskRecord] {
    state.leavingTasks(of: key.job).filter { $0.instance == key.instance }
  }

  /// Starts a task of a release beside the one that an instance has.
  mutating func startBeside(_ task: TaskRecord, revision: JobRevision) {
    var leaver = task
    leaver.isLeaving = true
    put(leaver)
    createTask(for: task.instanceKey, revision: revision, ancestor: task)
  }

  /// The new task has proved itself: the old one is asked to end.
  mutating func retireLeaving(of key: InstanceKey, message: String) {
    for task in leaving(of: key) where !TaskTransitions.isEnding(task.status) {
      killTask(task.id, message: message)
    }
  }

  /// The new task has failed, or is not wanted any more: the old one, when it still runs, has the instance again.
  mutating func restoreLeaving(of key: InstanceKey) {
    guard let task = leaving(of: key).last(where: { !TaskTransitions.isEnding($0.status) }),
      var job = state.jobs[key.job]
    else { return }
    if var other = state.activeTask(of: key) {
      if other.isUnplaced {
        deleteTask(other, message: "not needed: \(task.id) runs on")
      } else {
        other.isLeaving = true
        put(other)
        killTask(other.id, message: "not needed: \(task.id) runs on")
      }
    }
    var restored = task
    restored.isLeaving = false
    put(restored)
    job.desired[key.instance] = task.revision
    put(job)
  }

  /// The update is over before its time: of two copies, the one that runs healthily stays.
  mutating func settleCopies(of key: InstanceKey) {
    guard leaving(of: key).contains(where: { !TaskTransitions.isEnding($0.status) }) else { return }
    if let task = state.activeTask(of: key), task.status == .running, task.healthySince != nil {
      retireLeaving(of: key, message: "replaced by \(task.id)")
    } else {
      restoreLeaving(of: key)
    }
  }
}
