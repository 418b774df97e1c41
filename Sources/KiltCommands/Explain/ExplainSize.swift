internal import ArgumentParser
internal import Bundles
internal import Diagnostics
internal import JSON
internal import SystemSupport

/// `kilt explain size`.
struct ExplainSize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "size", abstract: "Show the sizes of the packages and files in a bundle.",
    discussion: """
      Lists the bytes per package, the bytes per file type, and the largest files. Accepts bundles of Kilt and PEX \
      files. The first size is the compressed size in the bundle, the second the unpacked size.

      EXAMPLES
        kilt explain size dist/server-3f2c9d1e8a7b-bookworm-x86_64.pex
        kilt explain size --format html dist/server.pex > sizes.html   a treemap
        kilt explain size --format json --largest 100 dist/server.pex
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, html
  }

  @OptionGroup var global: GlobalOptions
  @Option(help: .format)
  var format = Format.text
  @Option(help: ArgumentHelp("Number of the largest files to list.", valueName: "count"))
  var largest = 20
  @Argument(help: ArgumentHelp("Bundle.", valueName: "file"))
  var bundle: String

  func run() throws {
    let path = try global.workingDirectory.pushing(FilePath(bundle))
    let sizes: BundleSizes
    do {
      sizes = try BundleSizes(of: path)
    } catch let error as SystemCallError {
      throw Diagnostic(.input, "cannot read the bundle \"\(bundle)\"", notes: [error.description])
    }
    switch format {
    case .html: writeText(sizes.html(title: path.lastComponent?.string ?? bundle), to: 1)
    case .json: writeText(json(sizes).text(.pretty) + "\n", to: 1)
    case .text: writeText(text(sizes), to: 1)
    }
  }

  private func json(_ sizes: BundleSizes) -> JSONValue {
    func rows(_ rows: [BundleSizes.Row]) -> JSONValue {
      .array(
        rows.map {
          .members([
            "name": .string($0.name), "compressed": .int(Int64($0.compressed)), "size": .int(Int64($0.size)),
            "files": .int(Int64($0.files)),
          ])
        })
    }
    return .members([
      "bundle": .string(bundle), "size": .int(Int64(sizes.size)), "overhead": .int(Int64(sizes.overhead)),
      "distributions": rows(sizes.parts), "kinds": rows(sizes.kinds),
      "largest": .array(
        sizes.files.prefix(max(0, largest)).map {
          .members([
            "distribution": .string($0.part), "path": .string($0.path), "compressed": .int(Int64($0.compressed)),
            "size": .int(Int64($0.size)),
          ])
        }),
    ])
  }

  private func text(_ sizes: BundleSizes) -> String {
    var lines = ["\(BundleSizes.bytes(sizes.size)), including \(BundleSizes.bytes(sizes.overhead)) of headers"]
    func columns(_ compressed: UInt64, _ size: UInt64, _ rest: String) -> String {
      let share = sizes.size == 0 ? 0 : compressed * 100 / sizes.size
      return [BundleSizes.bytes(compressed), "\(share)%", BundleSizes.bytes(size)].map {
        String(repeating: " ", count: max(1, 11 - $0.count)) + $0
      }.joined() + "  " + rest
    }
    for (title, rows) in [("distribution", sizes.parts), ("kind", sizes.kinds)] {
      lines += ["", "  in bundle      share   unpacked  \(title)"]
      lines += rows.map { columns($0.compressed, $0.size, "\($0.name) (\($0.files) files)") }
    }
    lines += ["", "  in bundle      share   unpacked  largest files"]
    lines += sizes.files.prefix(max(0, largest)).map { columns($0.compressed, $0.size, "\($0.part)/\($0.path)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
