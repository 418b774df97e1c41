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
      do { list = try JSONValue(parsing: answer.dropFirst()).array ?? [] } catch { return APIResponse.notFound }
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
          let next = await remote.answer(to: .file(path: path, offset: offset))
          guard next?.first == UInt8(ascii: "f") else { return }
          bytes = Array(next?.dropFirst() ?? [])
        }
      }
    default: return APIResponse.notFound
    }
  }
}
