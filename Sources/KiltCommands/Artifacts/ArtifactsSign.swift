internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JSON
internal import SigningKeys
internal import SystemSupport

/// `kilt artifacts sign`.
struct ArtifactsSign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign the manifest of a published artifact.",
    discussion: """
      Stores the signature beside the manifest, which does not change. Several keys can sign one manifest. The \
      signature is a DSSE envelope with an in-toto statement of SLSA provenance.

      --attach stores an envelope that another program signed, such as securesystemslib.

      EXAMPLES
        kilt artifacts sign fiddler_server@3f2c9d1 --key ci-main.pem
        kilt artifacts sign fiddler_server@main --key ci-main.pem --format json
        kilt artifacts sign web@3f2c9d1 --print-statement > statement.json
        kilt artifacts sign web@3f2c9d1 --attach signed.json --public-key ci.pub
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var output: FormatOption

  @Option(help: .signingKey)
  var key: String?

  @Option(
    help: ArgumentHelp(
      "Command that signs its standard input. Default: KILT_SIGNING_COMMAND.", valueName: "command"))
  var keyCommand: String?

  @Option(
    help: ArgumentHelp("Public key of --key-command or --attach: PEM, or ed25519:BASE64.", valueName: "file"))
  var publicKey: String?

  @Option(help: ArgumentHelp("Store this DSSE envelope instead of signing.", valueName: "file"))
  var attach: String?

  @Flag(help: "Print the in-toto statement, and sign nothing.")
  var printStatement = false

  @Argument(help: .artifact)
  var reference: String

  func run() throws {
    let folder = try global.workingDirectory
    let repository = try artifacts.repository(global)
    let key = try repository.resolve(try ArtifactSelector(parsing: reference), platform: try platform.value).key
    guard let record = try repository.evidence(for: key)?.records.first else { return }
    if printStatement {
      return Terminal.standardOutput.print(String(decoding: record.statementEnvelope.payload, as: UTF8.self))
    }
    let signer: PublicKey
    let isNew: Bool
    if let attach {
      guard let publicKey else {
        throw Diagnostic(.input, "--attach needs the public key", remedies: ["add `--public-key FILE`"])
      }
      signer = try SigningKeySource.publicKey(publicKey, relativeTo: folder)
      let bytes = try FileSystem.read(folder.pushing(FilePath(attach)), limit: 8 << 20)
      guard let envelope = Envelope(parsing: try JSONValue(parsing: bytes)) else {
        throw Diagnostic(.input, "\"\(attach)\" is not a DSSE envelope")
      }
      isNew = try repository.attach(envelope, to: key, by: signer)
    } else {
      let source = SigningKeySource(key: self.key, command: keyCommand, publicKey: publicKey)
      guard let privateKey = try source.signer(relativeTo: folder) else {
        throw Diagnostic(
          .input, "no signing key was named", remedies: ["add `--key FILE`, or set KILT_SIGNING_KEY"])
      }
      signer = privateKey.publicKey
      isNew = try repository.sign(key, with: privateKey)
    }
    switch output.format {
    case .text:
      let what = isNew ? "signed" : "was signed before"
      Terminal.standardOutput.print("\(key.name)@\(key.commit.abbreviated)  \(what), key \(signer.keyID.prefix(16))")
    case .json:
      let value = JSONValue.members([
        "name": .string(key.name.text), "commit": .string(key.commit.text), "platform": .string(key.platform.text),
        "keyid": .string(signer.keyID), "new": .bool(isNew),
      ])
      Terminal.standardOutput.print(value.text(.pretty))
    }
  }
}
