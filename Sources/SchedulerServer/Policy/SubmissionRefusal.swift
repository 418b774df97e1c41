internal import Diagnostics
internal import SchedulerCore

/// Why the scheduler refuses a job, from facts that it has seen itself.
struct SubmissionRefusal: DiagnosableError {
  var code: RefusalCode
  var summary: String
  var notes: [String]
  var remedy: String

  /// - Parameter remedy: nil for the code's own.
  init(_ code: RefusalCode, _ summary: String, notes: [String] = [], remedy: String? = nil) {
    self.code = code
    self.summary = summary
    self.notes = notes
    self.remedy = remedy ?? code.remedy
  }

  var diagnostic: Diagnostic {
    Diagnostic(.input, summary, notes: notes, remedies: [remedy], codes: [code.rawValue])
  }
}

/// All problems of a submitted job.
struct SubmissionRefusals: DiagnosableError {
  var refusals: [SubmissionRefusal]

  var diagnostic: Diagnostic {
    var all = refusals.map(\.diagnostic)
    guard var first = all.first else { return Diagnostic(.defect, "a job is refused without a reason") }
    all.removeFirst()
    for other in all {
      first.summary += "; " + other.summary
      first.notes += other.notes
      first.remedies += other.remedies
      first.codes += other.codes
    }
    return first
  }
}
