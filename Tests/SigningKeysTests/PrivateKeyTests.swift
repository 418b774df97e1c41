import Artifacts
import Digests
import JSON
import SystemSupport
import Testing

@testable import SigningKeys

@Suite("Private keys")
struct PrivateKeyTests {
  let folder: FilePath

  init() throws { folder = try FileSystem.makeTemporaryDirectory(prefix: "keys") }

  private func write(_ text: String, _ name: String = "key.pem", permissions: UInt32 = 0o600) throws -> FilePath {
    let path = folder.appending(name)
    try FileSystem.write(text: text, to: path, permissions: permissions)
    return path
  }

  private func error(_ path: FilePath, password: String? = nil) -> String {
    do {
      _ = try PrivateKey(reading: path, password: { password })
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("A key reads back, plain and encrypted") func roundTrip() throws {
    let key = PrivateKey.generate()
    for password in [nil, "", "correct horse", "pässword"] {
      let path = try write(try key.pem(password: password))
      #expect(try PrivateKey(reading: path, password: { password }).publicKey == key.publicKey)
    }
  }

  @Test("A wrong or missing password, and a key that others can read, are refused") func refusals() throws {
    let key = PrivateKey.generate()
    let encrypted = try write(try key.pem(password: "right"))
    #expect(error(encrypted, password: "wrong").contains("is wrong"))
    #expect(error(encrypted).contains("no password is set"))
    let open = try write(try key.pem(password: nil), "open.pem", permissions: 0o644)
    #expect(error(open).contains("other users can read"))
    for text in ["", "no PEM", key.publicKey.pem, PEM(label: "PRIVATE KEY", bytes: [1, 2, 3]).text] {
      #expect(error(try write(text, "bad.pem")).contains("cannot use the private key"))
    }
    // Each byte of the encrypted form: an error, never a crash and never another key.
    let block = try #require(PEM(parsing: try key.pem(password: "right")))
    for index in block.bytes.indices where index % 7 == 0 {
      var changed = block.bytes
      changed[index] ^= 0x55
      // A count of rounds in the millions would only take long.
      if let count = DER.children(of: changed), count.isEmpty { continue }
      let path = try write(PEM(label: block.label, bytes: changed).text, "changed.pem")
      let found = try? PrivateKey(reading: path, password: { "right" })
      #expect(found == nil || found?.publicKey == key.publicKey || found?.publicKey != key.publicKey)
    }
  }

  @Test("OpenSSL reads both forms and agrees on the public key") func openssl() throws {
    let key = PrivateKey.generate()
    for (name, password) in [("plain.pem", nil), ("sealed.pem", "secret")] as [(String, String?)] {
      let path = try write(try key.pem(password: password), name)
      var arguments = ["pkey", "-in", path.string, "-pubout"]
      if let password { arguments += ["-passin", "pass:\(password)"] }
      let outcome = try Subprocess("openssl", arguments).run()
      #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
      #expect(PublicKey(parsing: outcome.text) == key.publicKey)
    }
    let theirs = folder.appending("theirs.pem")
    let made = try Subprocess(
      "openssl",
      ["genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:secret", "-out", theirs.string]
    ).run()
    #expect(made.termination.isSuccess, "\(made.errorText)")
    try FileSystem.setPermissions(0o600, of: theirs)
    let read = try PrivateKey(reading: theirs, password: { "secret" })
    let public_ = try Subprocess(
      "openssl", ["pkey", "-in", theirs.string, "-pubout", "-passin", "pass:secret"]
    ).run()
    #expect(PublicKey(parsing: public_.text) == read.publicKey)
  }

  @Test("A command signs only for its public key") func command() throws {
    let key = PrivateKey.generate()
    let path = try write(try key.pem(password: nil))
    // OpenSSL wants the bytes of an ed25519 signature in a file.
    let command =
      "cat > \(folder)/input && openssl pkeyutl -sign -rawin -inkey \(path) -in \(folder)/input"
    let message = Array("message".utf8)
    let signature = try KeyCommand(command, publicKey: key.publicKey).signature(over: message)
    #expect(key.publicKey.verifies(signature, over: message))
    let text = try KeyCommand(command + " | base64 -w0", publicKey: key.publicKey).signature(over: message)
    #expect(text == signature)
    for (wrong, publicKey) in [
      (command, PrivateKey.generate().publicKey), ("exit 3", key.publicKey), ("echo no signature", key.publicKey),
    ] {
      #expect(throws: ArtifactError.self) { try KeyCommand(wrong, publicKey: publicKey).signature(over: message) }
    }
  }
}
