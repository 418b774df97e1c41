internal import Diagnostics
internal import Executor
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOCore

// Sandbox files of an instance on another machine: asked of its executor, piece by piece.
extension Routes {
  func remoteFiles(
    _ remote: RemoteTask, _ key: JobKey, _ instance: Int, _ path: String, _ request: Request
  ) async -> Response {
    guard let answer = await remote.answer(to: .file(path: path, offset: 0)) else {
      return APIResponse.error(
        .serviceUnavailable, "the executor of the task does not answer", remedy: "run `kilt cluster status`")
    }
    switch answer.first {
    case UInt8(ascii: "d"):
      let list: [JSONValue]
      do { list = try JSONValue(parsing: answer.dropFirst()).array ?? [] } catch {
        return APIResponse.error(.badGateway, "the executor of the task sent a list of files that is not JSON")
      }
      let entries = list.map { entry in
        SandboxFiles.Entry(
          name: entry["name"]?.string ?? "", isDirectory: entry["directory"]?.bool ?? false,
          size: entry["size"]?.int ?? 0)
      }
      return APIResponse.html(
        InstancePages.files(
          key, instance: instance, task: TaskID(remote.directory.name), folder: path, entries: entries))
    case UInt8(ascii: "f"):
      let first = Array(answer.dropFirst())
      return APIResponse.stream(type: "text/plain; charset=utf-8") { writer in
        var bytes = first
        var offset: Int64 = 0
        while !bytes.isEmpty {
          try await writer.write(ByteBuffer(bytes: bytes))
          offset += Int64(bytes.count)
          // A reader must not take a piece that is missing for the end of the file: the connection breaks instead.
          guard let next = await remote.answer(to: .file(path: path, offset: offset)), next.first == UInt8(ascii: "f")
          else { throw Interrupted() }
          bytes = Array(next.dropFirst())
        }
      }
    case UInt8(ascii: "e"):
      let reason = PlainText.line(String(decoding: answer.dropFirst(), as: UTF8.self))
      return APIResponse.error(
        .serviceUnavailable, "the executor of the task cannot read \"\(PlainText.line(path))\": \(reason)")
    default: return APIResponse.notFound
    }
  }

  /// The executor did not deliver the rest of a file.
  private struct Interrupted: Error {}
}
