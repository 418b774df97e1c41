import Diagnostics

extension ArtifactError {
  /// The errors about signatures and policies.
  var trust: Diagnostic {
    switch self {
    case .refused(let reference, let policy, let rule, let reason):
      Diagnostic(
        .input, "the policy \(quoted(policy)) refuses \(reference)",
        notes: [rule.map { "rule \(quoted($0)): \(reason)" } ?? reason, "nothing of it was run"],
        remedies: ["publish it with a key that the policy trusts, or sign it with `kilt artifacts sign`"])
    case .badPolicy(let path, let line, let reason):
      Diagnostic(
        .environment, "cannot use the policy \(quoted(path)): \(reason)",
        at: line.map { SourceLocation(path: path, line: $0) }, notes: ["nothing runs until the policy can be read"],
        remedies: ["correct the file; docs/artifacts.md has an example"])
    case .foreignEnvelope(let reference, let keyID):
      Diagnostic(
        .input, "the envelope is not a signed statement about \(reference.name)@\(reference.commit.text.prefix(12))",
        notes: ["expected: SLSA provenance whose subject is this manifest, signed by the key \(keyID.prefix(16))"],
        remedies: ["sign the statement that `kilt artifacts sign --print-statement` writes"])
    default: Diagnostic(.defect, "not an error of trust: \(self)")
    }
  }
}
