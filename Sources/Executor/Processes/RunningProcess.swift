import Glibc

/// One run of one process of the task, while it lasts.
struct RunningProcess {
  /// Its place in the graph of its stage.
  var position: Int
  var name: String
  var run: Int
  var start: StartedRun
  /// Whether the executor has asked it to end, so that its end is no failure.
  var isStopped = false
}

/// A command in its sandbox, from its start to the end of everything that it has started.
final class StartedRun {
  /// The child of ours: bubblewrap, or `kilt-init` where there is no isolation.
  let id: Int32
  let channel: RunChannel
  let isContained: Bool
  /// How far it came, as `kilt-init` has reported.
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

  /// Takes what has been reported until now.
  func update() {
    while let report = channel.next() {
      switch report {
      case .started: isStarted = true
      case .ended(let status): ending = status
      case .failed(let text): problem = text
      }
    }
  }

  /// Asks all that the command has started to end.
  func terminate() {
    if !isTerminated { isTerminated = channel.send(.terminate) }
  }

  /// Kills all that the command has started. To be repeated until it has ended.
  func kill() {
    let isHeard = channel.send(.kill)
    // Without a namespace its end would leave the rest behind: it is asked to see to that, as long as it hears.
    if isContained || !isHeard { Glibc.kill(id, SIGKILL) }
  }
}
