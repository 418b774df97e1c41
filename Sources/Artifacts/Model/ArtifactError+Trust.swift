import Diagnostics

extension ArtifactError {
  /// Whether the error concerns the contents of the runner cache, so that the artifact repository can have a correct
  /// copy.
  public var isAboutCache: Bool {
    switch self {
    case .refused, .damagedRecord: true
    default: false
    }
  }

  /// The errors about signatures and policies.
  var trust: Diagnostic {
    switch self {
    case .refused(let reference, let policy, let rule, let reason):
      Diagnostic(
        .input, "the policy \(quoted(policy)) refuses \(reference)",
        notes: [rule.map { "rule \(quoted($0)): \(reason)" } ?? reason, "Kilt did not run it"],
        remedies: ["publish it with a key that the policy trusts, or sign it with `kilt artifacts sign`"])
    case .badPolicy(let path, let line, let reason):
      Diagnostic(
        .environment, "cannot use the policy \(quoted(path)): \(reason)",
        at: line.map { SourceLocation(path: path, line: $0) }, notes: ["nothing runs until the policy can be read"],
        remedies: ["correct the file; docs/artifacts.md has an example"])
    case .branchMovedBack(let name, let branch, let last, let commit, let record):
      Diagnostic(
        .input, "the branch \(quoted(branch.text)) of \(name) moved back to an older commit",
        notes: [
          "the last commit was \(last.abbreviated); the artifact repository now names \(commit.abbreviated)",
          "its index of branches is not signed, so it cannot take a host back",
        ],
        remedies: [
          "to run the older commit, name it: `pex-runner run \(name)@\(commit.abbreviated)`",
          "if the branch was moved back on purpose, delete \(quoted(record))",
        ])
    case .foreignEnvelope(let reference, let keyID):
      Diagnostic(
        .input, "the envelope is not a signed statement about \(reference.name)@\(reference.commit.text.prefix(12))",
        notes: ["expected: SLSA provenance whose subject is this manifest, signed by the key \(keyID.prefix(16))"],
        remedies: ["sign the statement that `kilt artifacts sign --print-statement` writes"])
    default: Diagnostic(.defect, "not an error of trust: \(self)")
    }
  }
}
