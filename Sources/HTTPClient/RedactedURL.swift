/// The URL for a message: without user name and password, and with the values of query parameters that look like
/// secrets (a presigned URL's signature, a token) replaced.
public func redactedURL(_ url: String) -> String {
  var text = Substring(url)
  var result = ""
  if let scheme = text.firstRange(ofText: "://") {
    result += text[..<scheme.upperBound]
    text = text[scheme.upperBound...]
    let end = text.firstIndex { "/?#".contains($0) } ?? text.endIndex
    // Passwords can contain an "@": the last one ends the user information (RFC 3986 section 3.2.1 allows only one, but
    // people write them).
    if let at = text[..<end].lastIndex(of: "@") { text = text[text.index(after: at)...] }
  }
  guard let question = text.firstIndex(of: "?") else { return result + text }
  result += text[...question]
  let parameters = text[text.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
  result += parameters.map { parameter in
    guard let equals = parameter.firstIndex(of: "=") else { return String(parameter) }
    let name = parameter[..<equals].lowercased()
    let isSecret = ["signature", "token", "credential", "secret", "password", "key"].contains { name.contains($0) }
    return isSecret ? parameter[...equals] + "***" : String(parameter)
  }.joined(separator: "&")
  return result
}

extension Substring {
  /// The first place of an ASCII text.
  func firstRange(ofText text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
