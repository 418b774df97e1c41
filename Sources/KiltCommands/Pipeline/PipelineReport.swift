internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import LocalPipelines
internal import Pipelines
internal import SystemSupport

/// Shows a local run as it goes: a line for each attempt, and the end of the log of each that failed.
struct PipelineReport {
  private let session: PipelineStateSession
  private let global: GlobalOptions

  init(_ session: PipelineStateSession, _ global: GlobalOptions) {
    self.session = session
    self.global = global
  }

  func show(_ event: LocalRunner.Event, _ run: PipelineRun) {
    switch event {
    case .launched(let key):
      global.note("· \(run.label(key.partition)) started" + (key.number > 1 ? ", attempt \(key.number)" : ""))
    case .ended(let key, let attempt):
      let seconds = attempt.endedAt.map { ", \(($0 - attempt.startedAt).pipelineText)" } ?? ""
      let message = attempt.message.map { ": \(PlainText.line($0))" } ?? ""
      global.note("· \(run.label(key.partition)) \(attempt.status.rawValue)\(message)\(seconds)")
      if attempt.status == .failed { showLog(run, key) }
    case .interrupted: global.note("cancelling; press Ctrl-C again to kill the processes")
    }
  }

  private func showLog(_ run: PipelineRun, _ key: AttemptKey) {
    let path = session.directory(of: run, key).appending("log")
    do {
      guard FileSystem.exists(path) else { return }
      let size = UInt64(max(0, try FileSystem.status(of: path, followingLinks: false).size))
      let file = try FileSystem.open(path, .readOnly)
      defer { FileSystem.close(file) }
      let bytes = try FileSystem.read(file, (size > 4096 ? size - 4096 : 0)..<size)
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(10)
      for line in lines { global.note("    | \(PlainText.logLine(line))") }
    } catch {
      global.note("    cannot read the log \"\(path)\": \(error)")
    }
  }
}

extension PipelineRun {
  /// A partition in messages: `rollup[12:05]`.
  func label(_ key: PartitionKey) -> String {
    let name = self[key]?.name ?? ""
    return steps[key.step].name + (name.isEmpty ? "" : "[\(PlainText.line(name))]")
  }
}
