/// The fields of a message's head, in order; names are compared without case (RFC 9110 section 5.1).
public struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  public var fields: [HTTPField]

  public init(_ fields: [HTTPField] = []) { self.fields = fields }
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init(elements.map { HTTPField(name: $0.0, value: $0.1) })
  }

  /// The first value of a field. Setting replaces every field of that name; nil removes them.
  public subscript(_ name: String) -> String? {
    get { fields.first { equalsIgnoringCase($0.name, name) }?.value }
    set {
      fields.removeAll { equalsIgnoringCase($0.name, name) }
      if let newValue { fields.append(HTTPField(name: name, value: newValue)) }
    }
  }

  /// Every value of a field, in order.
  public func values(_ name: String) -> [String] {
    fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
  }
}

/// One field of a message's head.
public struct HTTPField: Sendable, Hashable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// The answer to a request.
public struct HTTPResponse: Sendable, Hashable {
  public var status: Int
  public var headers: HTTPHeaders
  /// The whole body for ``HTTPClient/send(_:limit:cancellation:)``. If the body went elsewhere: empty for a success,
  /// otherwise the beginning of the server's text about the failure.
  public var body: [UInt8]
  /// The URL of the body after redirects, without credentials.
  public var url: String

  public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], url: String = "") {
    self.status = status
    self.headers = headers
    self.body = body
    self.url = url
  }

  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The body as text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// This response when it is a success; otherwise throws ``HTTPError`` of kind `status`.
  @discardableResult
  public func requireSuccess(_ request: HTTPRequest) throws -> HTTPResponse {
    guard !isSuccess else { return self }
    // A page of HTML says less than its status.
    let start = text.prefix(400)
    let detail = start.contains("<") ? "" : String(start.prefix(200))
    throw HTTPError(.status(status), request, detail: detail)
  }
}

func equalsIgnoringCase(_ first: String, _ second: String) -> Bool {
  first.utf8.count == second.utf8.count && zip(first.utf8, second.utf8).allSatisfy { lowercase($0) == lowercase($1) }
}

private func lowercase(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
