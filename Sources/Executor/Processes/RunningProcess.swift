import Glibc

/// One run of one process of the task, while it lasts.
struct RunningProcess {
  /// Its place in the graph of its stage.
  var position: Int
  var name: String
  var run: Int
  var start: StartedRun
  /// Whether the executor has asked it to end, so that its end is not a failure.
  var isStopped = false
}

/// A command in its sandbox, from its start to the end of everything that it has started.
final class StartedRun {
  /// The executor's child: bubblewrap, or `kilt-init` without isolation.
  let id: Int32
  let channel: RunChannel
  let isContained: Bool
  /// Its progress, as `kilt-init` has reported.
  private(set) var isStarted = false
  private(set) var ending: ExitStatus?
  private(set) var problem: String?
  /// Whether the request to end has reached it.
  private(set) var isTerminated = false

  init(id: Int32, launch: Launch) {
    self.id = id
    channel = launch.channel
    isContained = launch.isContained
  }

  /// Processes the reports so far.
  func update() {
    while let report = channel.next() {
      switch report {
      case .started: isStarted = true
      case .ended(let status): ending = status
      case .failed(let text): problem = text
      }
    }
  }

  /// Asks everything that the command has started to end.
  func terminate() {
    if !isTerminated { isTerminated = channel.send(.terminate) }
  }

  /// Kills everything that the command has started. Must be repeated until it has ended.
  func kill() {
    let isHeard = channel.send(.kill)
    // Without a namespace, its end would leave the rest running: it is asked to end the rest while it responds.
    if isContained || !isHeard { Glibc.kill(id, SIGKILL) }
  }
}
