public import Diagnostics
internal import Glibc
public import SystemSupport

/// A bearer token with the only server that can see it, written `TOKEN@SERVER`.
///
/// SERVER is an address (`https://HOST:PORT`) or the fingerprint of the server's key (`sha256//BASE64`), which the
/// client then demands from the server before it sends the token.
public struct BoundToken: Sendable, Hashable {
  public enum Binding: Sendable, Hashable {
    case address(SchedulerAddress)
    /// As in curl's `--pinnedpubkey`: `sha256//` and the Base64 form of the SHA-256 digest of the key.
    case fingerprint(String)
  }

  public var token: String
  public var binding: Binding

  public init(token: String, binding: Binding) {
    self.token = token
    self.binding = binding
  }

  /// Parses `TOKEN@SERVER`. No message shows the token.
  ///
  /// - Parameter source: Where the text is from, for messages: `KILT_TOKEN`.
  public init(parsing text: String, source: String) throws(Diagnostic) {
    let text = Self.trimmed(text)
    guard let at = text.firstIndex(of: "@") else {
      throw Diagnostic(
        .input, "the token in \(source) does not say which server may see it",
        remedies: [
          "write TOKEN@https://HOST:PORT or TOKEN@sha256//FINGERPRINT (`kilt token fingerprint` prints it)"
        ])
    }
    token = String(text[..<at])
    let server = String(text[text.index(after: at)...])
    guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Diagnostic(.input, "the token in \(source) is empty or contains invalid characters")
    }
    if server.hasPrefix("sha256//") {
      guard server.utf8.count == 8 + 44, server.hasSuffix("=") else {
        throw Diagnostic(
          .input, "invalid fingerprint \"\(server)\" in \(source)",
          notes: ["a fingerprint is sha256// and 44 characters of Base64"],
          remedies: ["`kilt token fingerprint` prints it"])
      }
      binding = .fingerprint(server)
    } else {
      binding = .address(try SchedulerAddress(parsing: server))
    }
  }

  /// The token of the environment: `KILT_TOKEN`, or the file that `KILT_TOKEN_FILE` names; nil when neither is set.
  ///
  /// A file that another user owns, or can read, is refused.
  static func find(_ environment: (String) -> String?) throws -> BoundToken? {
    if let text = environment("KILT_TOKEN"), !text.isEmpty {
      return try BoundToken(parsing: text, source: "KILT_TOKEN")
    }
    guard let name = environment("KILT_TOKEN_FILE"), !name.isEmpty else { return nil }
    let path = FilePath(name)
    try PrivateFileCheck.check(path, what: "token file")
    return try BoundToken(parsing: try FileSystem.readText(path, limit: 4096), source: "\"\(path)\"")
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}

/// Refuses files with secrets that somebody else could have written or can read.
public enum PrivateFileCheck {
  /// - Parameter what: The kind of file, for messages: "token file".
  public static func check(_ path: FilePath, what: String) throws {
    let status = try FileSystem.status(of: path)
    guard status.kind == .file else {
      throw Diagnostic(.input, "the \(what) \"\(path)\" is not an ordinary file")
    }
    guard status.owner == geteuid() else {
      throw Diagnostic(
        .input, "the \(what) \"\(path)\" belongs to user \(status.owner)",
        notes: ["this program runs as user \(geteuid())"], remedies: ["use a file of your own"])
    }
    guard status.permissions & 0o077 == 0 else {
      throw Diagnostic(
        .input, "other users can read the \(what) \"\(path)\"",
        notes: ["its permissions are \(String(status.permissions, radix: 8))"],
        remedies: ["make another token, and run `chmod 600 \(path)`"])
    }
  }
}
