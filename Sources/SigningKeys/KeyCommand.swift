public import Artifacts
internal import Diagnostics
internal import Digests
internal import SystemSupport

/// A private key that another program keeps, such as the client of a key management service.
///
/// The command is run by `sh -c` with the bytes to sign on standard input, and writes the signature to standard output:
/// 64 bytes, or their base64.
public struct KeyCommand: ManifestSigner {
  private let command: String
  public let publicKey: PublicKey
  private static let deadline = 60_000

  public init(_ command: String, publicKey: PublicKey) {
    self.command = command
    self.publicKey = publicKey
  }

  public func signature(over bytes: [UInt8]) throws(ArtifactError) -> [UInt8] {
    func fail(_ note: String) -> ArtifactError {
      .client(
        Diagnostic(
          .environment, "the signing command failed", notes: [note, "command: \(command)"],
          remedies: ["run the command by hand: it must write the signature over its standard input"]))
    }
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      var process = Subprocess("/bin/sh", ["-c", command], deadlineMilliseconds: Self.deadline)
      process.input = bytes
      process.outputLimit = 1 << 16
      outcome = try process.run()
    } catch {
      throw fail(error.description)
    }
    guard outcome.termination.isSuccess else {
      throw fail("\(outcome.termination)" + (outcome.errorText.isEmpty ? "" : ": \(outcome.errorText.prefix(400))"))
    }
    let signature = outcome.output.count == 64 ? outcome.output : Base64.decode(outcome.text) ?? []
    // A command that signs with another key would publish bundles that no host runs.
    guard publicKey.verifies(signature, over: bytes) else {
      throw fail("its output is not a signature of the key \(publicKey.keyID.prefix(16))")
    }
    return signature
  }
}
