/// One run of one process of the task, while it lasts.
struct RunningProcess {
  /// Its place in the graph of its stage.
  var position: Int
  var name: String
  var run: Int
  /// The child of ours: bubblewrap, or the shell where there is no isolation.
  var id: Int32
  /// Where bubblewrap says how far it came.
  var statusFile: String?
  /// Whether SIGTERM has reached anything of it.
  var isTerminated = false
  /// Whether the executor has asked it to end, so that its end is no failure.
  var isStopped = false
}
