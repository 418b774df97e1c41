internal import HTTPClient
public import JSON
public import JobModel

extension SchedulerClient {
  /// Requests logs of a job, and passes each header of a frame to `onHeader`, and the bytes after it to `onBytes`,
  /// piece by piece. Returns false if there is no such job; otherwise it returns when the connection ends, which can be
  /// before the logs do.
  ///
  /// - Parameter onHeader: returns the number of bytes that follow the header.
  public func logs(
    _ key: JobKey, _ question: JSONValue, onHeader: (JSONValue) throws -> Int,
    onBytes: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    var request = HTTPRequest(
      .post, base + path(key) + "/logs", headers: ["Content-Type": "application/json"],
      body: .bytes(question.bytes()))
    authorize(&request)
    var parser = FrameParser()
    let response = try reaching {
      try http.download(request) { bytes in try parser.take(bytes, onHeader: onHeader, onBytes: onBytes) }
    }
    if response.status == 404 { return false }
    _ = try checked(response)
    return true
  }
}

/// Splits received bytes into lines of JSON, and the bytes that each announces.
private struct FrameParser {
  private var header: [UInt8] = []
  /// Bytes of the frame that are still to come.
  private var rest = 0

  mutating func take(
    _ bytes: UnsafeRawBufferPointer, onHeader: (JSONValue) throws -> Int,
    onBytes: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      if rest > 0 {
        let piece = bytes.prefix(rest)
        try onBytes(UnsafeRawBufferPointer(rebasing: piece))
        rest -= piece.count
        bytes = bytes.dropFirst(piece.count)
        continue
      }
      guard let end = bytes.firstIndex(of: 0x0A) else {
        header += bytes
        return
      }
      header += bytes[..<end]
      bytes = bytes[(end + 1)...]
      rest = try onHeader(try JSONValue(parsing: header))
      header = []
    }
  }
}
