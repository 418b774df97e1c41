internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JSON
internal import SigningKeys
internal import SystemSupport

/// `kilt artifacts keygen`.
struct ArtifactsKeygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Create an ed25519 key pair to sign manifests.",
    discussion: """
      Writes the private key to FILE and the public key to FILE.pub, both as PEM. OpenSSL and securesystemslib can \
      read the files. The password in KILT_SIGNING_PASSWORD or KILT_SIGNING_PASSWORD_FILE encrypts the private key.

      Prints the line to add to the policy of hosts and schedulers.

      EXAMPLES
        KILT_SIGNING_PASSWORD_FILE=pass kilt artifacts keygen ci-main.pem
        kilt artifacts keygen --no-password ci-branch.pem
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Do not encrypt the private key.")
  var noPassword = false

  @Argument(help: "File for the private key, which must not exist.")
  var file: String

  func run() throws {
    let path = try global.workingDirectory.pushing(FilePath(file))
    let publicPath = FilePath(path.string + ".pub")
    for path in [path, publicPath] where FileSystem.exists(path) {
      throw Diagnostic(
        .input, "cannot write the key: \"\(path)\" exists", remedies: ["name another file, or remove this one"])
    }
    let password = noPassword ? nil : try SigningKeySource.password()
    if password == nil, !noPassword {
      throw Diagnostic(
        .input, "the private key has no password",
        remedies: [
          "set KILT_SIGNING_PASSWORD_FILE to a file with the password",
          "or add `--no-password` to leave the key unencrypted",
        ])
    }
    let key = PrivateKey.generate()
    try FileSystem.write(text: try key.pem(password: password), to: path, permissions: 0o600, durability: .durable)
    try FileSystem.write(text: key.publicKey.pem, to: publicPath, durability: .durable)
    switch output.format {
    case .text: Terminal.standardOutput.print("public = \"\(key.publicKey.text)\"")
    case .json:
      let value = JSONValue.members([
        "private": .string(path.string), "public": .string(publicPath.string), "keyid": .string(key.publicKey.keyID),
        "text": .string(key.publicKey.text),
      ])
      Terminal.standardOutput.print(value.text(.pretty))
    }
  }
}
