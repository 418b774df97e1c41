internal import Diagnostics

/// Why the scheduler refuses a job, from facts that it has seen itself.
struct SubmissionRefusal: DiagnosableError {
  /// Stable words for programs: `code` in the answers of the API.
  enum Code: String, Sendable, CaseIterable {
    case otherCluster = "other-cluster"
    case unknownUser = "unknown-user"
    case stageNotAllowed = "stage-not-allowed"
    case roleNotAllowed = "role-not-allowed"
    case artifactRequired = "artifact-required"
    case artifactMissing = "artifact-missing"
    case artifactDigest = "artifact-digest"
    case artifactPlatform = "artifact-platform"
    case artifactDamaged = "artifact-damaged"
    case artifactRefused = "artifact-refused"
    case offMain = "off-main"
    case filesNotCommitted = "files-not-committed"
    case filesDiffer = "files-differ"
    case volumeNotAllowed = "volume-not-allowed"
    case secretsNotOffered = "secrets-not-offered"
    case constraintNotMet = "constraint-not-met"
    case tooLarge = "too-large"
    case cannotStart = "cannot-start"

    /// Whether a policy can let a recorded reason override it. What the host cannot do, no reason makes possible.
    var isOverridable: Bool {
      switch self {
      case .artifactRequired, .offMain, .filesNotCommitted, .filesDiffer: true
      default: false
      }
    }
  }

  var code: Code
  var summary: String
  var notes: [String] = []
  var remedy: String

  init(_ code: Code, _ summary: String, notes: [String] = [], remedy: String) {
    self.code = code
    self.summary = summary
    self.notes = notes
    self.remedy = remedy
  }

  var diagnostic: Diagnostic {
    Diagnostic(.input, summary, notes: notes, remedies: [remedy], codes: [code.rawValue])
  }
}

/// All that is wrong with a submitted job.
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
