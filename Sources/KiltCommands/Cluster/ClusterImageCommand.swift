internal import ArgumentParser
internal import JSON
internal import SwarmEngine
internal import SystemSupport

/// `kilt cluster image`.
struct ClusterImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image", abstract: "Make the image in which tasks run on the nodes of a swarm.",
    discussion: """
      Writes an archive for `docker load`: a base with a Python interpreter, and kilt-executor, kilt-init and \
      pex-runner in /opt/kilt. Without --base, the base has programs and the interpreter of this machine. Load the \
      archive on every node: a node without the image gets no tasks.

      EXAMPLES
        kilt cluster image --output kilt.tar
        kilt cluster image --base rootfs.tar --name kilt:1.4 --output kilt.tar
        docker load --input kilt.tar            # on every node

      EXIT CODES
        0  the archive was written
        2  the base is not a directory or an uncompressed tar
        3  a program or a package is missing
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var format: FormatOption

  @Option(help: ArgumentHelp("File to write.", valueName: "path"))
  var output: String

  @Option(help: ArgumentHelp("Root directory, or an uncompressed tar of one, to build on.", valueName: "path"))
  var base: String?

  @Option(
    help: ArgumentHelp(
      "Interpreter of this machine to put into the image. Default: /usr/bin/python3.", valueName: "program"))
  var python = "/usr/bin/python3"

  @Option(help: ArgumentHelp("Name of the image.", valueName: "reference"))
  var name = "kilt:\(kiltVersion)"

  func run() throws {
    let directory = try global.workingDirectory
    let image = ClusterImage(
      base: try chosenBase(directory), programs: try executablePath().removingLastComponent(), reference: name)
    let path = directory.pushing(FilePath(output))
    let id = try image.write(to: path)
    switch format.format {
    case .json:
      let answer: JSONValue = .members(["path": .string(path.string), "name": .string(name), "id": .string(id)])
      writeText(answer.text(.pretty) + "\n", to: 1)
    case .text:
      Terminal.standardOutput.print("wrote the image \(name) to \"\(output)\" (\(id.prefix(19)))")
      Terminal.standardOutput.print("load it on every node: docker load --input \(output)")
    }
  }

  private func chosenBase(_ directory: FilePath) throws -> ClusterImage.Base {
    guard let base else { return .machine(interpreter: python) }
    let path = directory.pushing(FilePath(base))
    return try FileSystem.status(of: path).kind == .directory ? .directory(path) : .archive(path)
  }
}
