internal import Diagnostics
internal import HTTPClient
internal import JSON
public import JobModel

/// One event of a command in a sandbox.
public enum ExecFrame: Sendable, Hashable {
  case output([UInt8])
  case error([UInt8])
  /// The exit code; 128 and the number for a signal.
  case end(Int32)
}

/// A command that runs in the sandbox of an instance.
public struct RemoteCommand: Sendable {
  let client: SchedulerClient
  let base: String

  /// Hands the output to `receive` until the command has ended, and returns its exit code.
  public func run(_ receive: (ExecFrame) throws -> Void) throws -> Int32 {
    var parser = ExecFrameParser()
    var code: Int32?
    var request = HTTPRequest(.post, base + "/output")
    client.authorize(&request)
    let response = try client.reaching {
      try client.http.stream(request) { bytes in
        for frame in try parser.take(bytes) {
          if case .end(let value) = frame { code = value } else { try receive(frame) }
        }
        return code == nil
      }
    }
    _ = try client.checked(response)
    guard let code else {
      throw Diagnostic(
        .environment, "the connection to the scheduler ended before the command did",
        remedies: ["the command was ended: run it again"])
    }
    return code
  }

  /// Sends bytes to the command's standard input, and its end.
  public func send(_ bytes: [UInt8], isLast: Bool = false) throws {
    _ = try client.checked(
      client.send(HTTPRequest(.post, base + "/input" + (isLast ? "?end=1" : ""), body: .bytes(bytes))))
  }

  public func resize(columns: Int, rows: Int) throws {
    let body: JSONValue = ["columns": .int(Int64(columns)), "rows": .int(Int64(rows))]
    _ = try client.checked(client.send(HTTPRequest(.post, base + "/resize", body: .bytes(body.bytes()))))
  }
}

extension SchedulerClient {
  /// Starts a command in the sandbox of an instance.
  ///
  /// - Parameter size: columns and rows of the terminal that the command is to have; nil for none.
  public func exec(
    _ key: JobKey, instance: Int, _ command: [String], size: (columns: Int, rows: Int)? = nil
  ) throws -> RemoteCommand {
    var body = JSONObject([("command", .strings(command))])
    if let size {
      body["columns"] = .int(Int64(size.columns))
      body["rows"] = .int(Int64(size.rows))
    }
    let answer = try post(path(key) + "/instances/\(instance)/exec", .object(body))
    let session = try decoding { json throws(ModelError) in try FieldReader(json).string("session") }(answer)
    return RemoteCommand(client: self, base: base + path(key) + "/exec/\(session)")
  }
}

/// Reads frames: a byte for the kind, four for the length, the content.
struct ExecFrameParser {
  private var pending: [UInt8] = []

  mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> [ExecFrame] {
    pending.append(contentsOf: bytes)
    var frames: [ExecFrame] = []
    var start = 0
    while pending.count - start >= 5 {
      let length = pending[start + 1..<start + 5].reduce(0) { $0 << 8 | Int($1) }
      guard length <= 1 << 24 else { throw Diagnostic(.environment, "the scheduler sends a frame of \(length) bytes") }
      guard pending.count - start - 5 >= length else { break }
      let content = Array(pending[start + 5..<start + 5 + length])
      switch pending[start] {
      case 1: frames.append(.output(content))
      case 2: frames.append(.error(content))
      case 3: frames.append(.end(Int32(String(decoding: content, as: UTF8.self)) ?? 70))
      default: throw Diagnostic(.environment, "the scheduler sends a frame of unknown kind \(pending[start])")
      }
      start += 5 + length
    }
    pending.removeFirst(start)
    return frames
  }
}
