internal import Actions
internal import Synchronization
internal import SystemSupport

/// Names the running build steps, in a line at the bottom of a terminal; notes appear above it. Used by several
/// threads.
final class StepProgress: Sendable {
  private let line: ProgressLine
  private let isQuiet: Bool
  private let running = Mutex<[String]>([])

  init(isQuiet: Bool) {
    line = ProgressLine(.standardError, isQuiet: isQuiet)
    self.isQuiet = isQuiet
  }

  /// Records an event.
  var see: @Sendable (ActionRunner.Event) -> Void {
    { [self] event in
      let names = running.withLock { running in
        switch event {
        case .started(let name): running.append(name)
        case .finished(let name): if let index = running.firstIndex(of: name) { running.remove(at: index) }
        }
        return running
      }
      names.isEmpty ? line.finish() : line.show("building " + names.joined(separator: ", "))
    }
  }

  /// Prints a line unless notes are unwanted.
  var note: @Sendable (String) -> Void {
    { [self] text in
      if !isQuiet { line.print(text + "\n") }
    }
  }

  /// Erases the line.
  func finish() { line.finish() }
}
