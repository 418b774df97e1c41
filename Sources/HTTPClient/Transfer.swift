import CCurlShims
import Glibc

/// One attempt of a request: the values that libcurl's callbacks read and fill. Used by the one thread that performs
/// it.
final class Transfer {
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  let request: HTTPRequest
  /// Bytes of body that are accepted.
  private let limit: Int64
  /// Receives the body of a success; nil collects it.
  private let sink: Sink?
  private(set) var status = 0
  private(set) var headers = HTTPHeaders()
  private(set) var body: [UInt8] = []
  /// Bytes given to the sink.
  private(set) var delivered: Int64 = 0
  /// The error that made a callback give up; it explains libcurl's own code better.
  private(set) var failure: (any Error)?

  /// Called with the head of a success before the first piece of its body.
  var onHead: ((HTTPResponse) -> Void)?

  private var upload: Upload?

  /// The bytes of an error's page that are kept.
  private static let errorBodyLimit = 64 << 10

  init(_ request: HTTPRequest, limit: Int64, sink: Sink?) throws {
    self.request = request
    self.limit = limit
    self.sink = sink
    upload = try Upload(request)
  }

  var uploadLength: Int64? { upload?.length }

  func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
    var line = bytes[...]
    while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
    if line.starts(with: "HTTP/".utf8) {
      // A new head: after a redirect, a 100 Continue, a proxy's CONNECT.
      headers.fields.removeAll()
      body.removeAll()
      let parts = line.split(separator: 0x20, maxSplits: 2)
      status = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
    } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      func trimmed(_ part: Slice<UnsafeRawBufferPointer>) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var part = part.drop(while: isSpace)
        while let last = part.last, isSpace(last) { part.removeLast() }
        return String(decoding: part, as: UTF8.self)
      }
      headers.fields.append(
        HTTPField(name: trimmed(line[..<colon]), value: trimmed(line[line.index(after: colon)...])))
    }
  }

  /// Whether to continue.
  func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if let sink, (200..<300).contains(status) {
      if delivered == 0 { onHead?(HTTPResponse(status: status, headers: headers)) }
      guard delivered + Int64(bytes.count) <= limit else { return fail(HTTPError(.tooLarge(limit: limit), request)) }
      do {
        try sink(bytes)
        delivered += Int64(bytes.count)
        return true
      } catch {
        return fail(error)
      }
    }
    if sink != nil {
      body.append(contentsOf: bytes.prefix(Self.errorBodyLimit - body.count))
      return true
    }
    guard Int64(body.count + bytes.count) <= limit else { return fail(HTTPError(.tooLarge(limit: limit), request)) }
    body.append(contentsOf: bytes)
    return true
  }

  /// Fills `buffer` with the bytes to send; nil aborts.
  func send(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    do {
      return try upload?.read(into: buffer) ?? 0
    } catch {
      _ = fail(error)
      return nil
    }
  }

  func seek(to offset: Int64) { upload?.position = offset }

  private func fail(_ error: any Error) -> Bool {
    failure = error
    return false
  }
}

/// The body of a request while it is sent.
final class Upload {
  let length: Int64
  var position: Int64 = 0
  private let request: HTTPRequest
  private var descriptor: Int32 = -1

  /// Nil for a request without a body. Throws ``HTTPError`` of kind `requestBody` when the file cannot be opened.
  init?(_ request: HTTPRequest) throws {
    self.request = request
    switch request.body {
    case .none:
      guard request.method == .put || request.method == .post || request.method == .patch else { return nil }
      length = 0
    case .bytes(let bytes): length = Int64(bytes.count)
    case .file(let path, _, let length):
      self.length = length
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw HTTPError(.requestBody, request, detail: "\(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(buffer.count), length - position))
    guard wanted > 0 else { return 0 }
    switch request.body {
    case .none: return 0
    case .bytes(let bytes):
      buffer.copyBytes(from: bytes[Int(position)..<Int(position) + wanted])
      position += Int64(wanted)
      return wanted
    case .file(let path, let offset, _):
      var count = -1
      repeat {
        count = pread(descriptor, buffer.baseAddress, wanted, off_t(offset + position))
      } while count < 0 && errno == EINTR
      guard count > 0 else {
        let reason = count == 0 ? "shorter than expected" : String(cString: strerror(errno))
        throw HTTPError(.requestBody, request, detail: "\(path): \(reason)")
      }
      position += Int64(count)
      return count
    }
  }
}
