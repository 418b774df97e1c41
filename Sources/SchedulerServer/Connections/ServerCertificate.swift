internal import Diagnostics
internal import Digests
internal import Glibc
internal import HummingbirdTLS
internal import NIOSSL
internal import SchedulerAccess
internal import SystemSupport

/// The certificate and key of a TLS server, from files, or made at the first start.
struct ServerCertificate: Sendable {
  /// The source of TLS.
  enum Source: Sendable, Hashable {
    case files(certificate: FilePath, key: FilePath)
    /// Made for this server; clients know it by its key (``fingerprint``).
    case selfSigned
  }

  let configuration: TLSConfiguration
  /// `sha256//` and the Base64 form of the SHA-256 digest of the public key (RFC 7469, section 2.4), in curl's form.
  let fingerprint: String

  init(_ source: Source, host: String, stateDirectory: FilePath) throws {
    let (certificate, key): (FilePath, FilePath)
    switch source {
    case .files(let certificateFile, let keyFile):
      (certificate, key) = (certificateFile, keyFile)
      try Self.checkKey(key)
    case .selfSigned:
      let directory = stateDirectory.appending("tls")
      if !FileSystem.exists(directory) { try Self.make(in: directory, host: host) }
      (certificate, key) = (directory.appending(Self.certificateName), directory.appending(Self.keyName))
      try PrivateFileCheck.check(key, what: "TLS key")
    }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate.string)
      guard let first = chain.first else { throw Diagnostic(.input, "no certificate") }
      let privateKey = try NIOSSLPrivateKey(file: key.string, format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
      configuration.minimumTLSVersion = .tlsv12
      self.configuration = configuration
      let digest = SHA256Digest.of(try first.extractPublicKey().toSPKIBytes())
      fingerprint = "sha256//" + Base64.encode(digest.bytes)
      // A key that is not the certificate's is found here, and not at the first connection.
      _ = try NIOSSLContext(configuration: configuration)
    } catch {
      throw Diagnostic(
        .input, "cannot use the certificate \"\(certificate)\" with the key \"\(key)\"", notes: ["\(error)"],
        remedies: [
          source == .selfSigned
            ? "remove the directory \"\(certificate.removingLastComponent())\": the next start creates another key, which "
              + "tokens must then name" : "name a certificate and its key, both in PEM form"
        ])
    }
  }

  private static let certificateName = "certificate.pem"
  private static let keyName = "key.pem"

  /// The key of a certificate can belong to root, and a group can read it, such as Debian's `ssl-cert`.
  private static func checkKey(_ path: FilePath) throws {
    let status = try FileSystem.status(of: path, followingLinks: true)
    guard status.owner == 0 || status.owner == geteuid(), status.permissions & 0o007 == 0 else {
      throw Diagnostic(
        .input, "other users own or can read the TLS key \"\(path)\"",
        notes: ["user \(status.owner) owns it, with permissions \(String(status.permissions, radix: 8))"],
        remedies: ["run `chmod o= \(path)`, and create another key if others could read it"])
    }
  }

  /// Creates a key and a certificate with openssl(1); the directory appears with both or not at all.
  private static func make(in directory: FilePath, host: String) throws {
    guard Subprocess.find("openssl") != nil else {
      throw Diagnostic(
        .environment, "cannot create a TLS certificate: the program openssl is missing",
        remedies: [
          "run `apt-get install openssl`", "or use your own certificate: `--tls-certificate FILE --tls-key FILE`",
        ])
    }
    let temporary = FilePath("\(directory).new")
    if FileSystem.exists(temporary) { try FileSystem.removeTree(temporary) }
    try FileSystem.createDirectories(temporary, permissions: 0o700)
    let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    let isAny = host == "0.0.0.0" || host == "::"
    let names =
      ["DNS:localhost", "IP:127.0.0.1", "DNS:\(HostFacts.hostname)"]
      + (isAny ? [] : ["\(isAddress ? "IP" : "DNS"):\(host)"])
    let outcome = try Subprocess(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
        "-days", "3650", "-subj", "/CN=kilt-scheduler", "-addext", "subjectAltName=" + names.joined(separator: ","),
        "-keyout", temporary.appending(keyName).string, "-out", temporary.appending(certificateName).string,
      ], environment: environmentStrings(), deadlineMilliseconds: 120_000
    ).run()
    guard outcome.termination.isSuccess else {
      throw Diagnostic(
        .environment, "openssl cannot create a TLS certificate",
        notes: outcome.errorText.split(separator: "\n").suffix(5).map(String.init),
        remedies: ["use your own certificate: `--tls-certificate FILE --tls-key FILE`"])
    }
    try FileSystem.setPermissions(0o600, of: temporary.appending(keyName))
    try FileSystem.rename(temporary, to: directory)
  }
}
