internal import MarkupText

extension BundleSizes {
  /// A page that shows the bundle as a treemap: an area for each part, in it one for each file or directory that is
  /// large enough to be seen. It needs neither scripts nor a network.
  /// - Parameter title: the bundle's name.
  public func html(title: String) -> String {
    var boxes = ""
    let area = Treemap.Rectangle(x: 0, y: 0, width: 160, height: 90)
    let visible = parts.filter { $0.compressed > 0 }
    for (index, (part, rectangle)) in zip(
      visible, Treemap.layout(visible.map { Double($0.compressed) }, in: area)
    ).enumerated() {
      let inner = groups(of: part)
      let hue = index * 47 % 360
      boxes += Self.box(
        rectangle, style: "background:hsl(\(hue) 45% 72%)", label: part.name,
        note: "\(part.name): \(Self.bytes(part.compressed)), \(part.files) files, \(Self.bytes(part.size)) unpacked",
        isFrame: true)
      for (group, place) in zip(inner, Treemap.layout(inner.map { Double($0.compressed) }, in: rectangle)) {
        boxes += Self.box(
          place, style: "", label: group.name,
          note: "\(part.name)/\(group.name): \(Self.bytes(group.compressed)), \(group.files) files", isFrame: false)
      }
    }
    let rows = kinds.map {
      "<tr><td>\(MarkupText.content($0.name))<td>\(Self.bytes($0.compressed))<td>\(Self.bytes($0.size))<td>\($0.files)"
    }
    return """
      <!doctype html>
      <html lang="en"><meta charset="utf-8"><title>\(MarkupText.content(title))</title>
      <style>
      body { font: 14px sans-serif; margin: 1em }
      .map { position: relative; width: 100%; aspect-ratio: 16 / 9 }
      .map div { position: absolute; box-sizing: border-box; border: 1px solid #fff8; overflow: hidden; font-size: 11px; color: #000a }
      .map .part { border: 2px solid #fff; font-weight: bold; color: #000 }
      td { padding: 0 1em 0 0; text-align: right } td:first-child { text-align: left }
      </style>
      <h1>\(MarkupText.content(title))</h1>
      <p>\(Self.bytes(size)): \(files.count) files in \(parts.count) parts, \(Self.bytes(overhead)) of headers.</p>
      <div class="map">
      \(boxes)</div>
      <table><tr><th>kind<th>in the bundle<th>unpacked<th>files
      \(rows.joined(separator: "\n"))
      </table></html>

      """
  }

  /// The top directories of a part, and the files of the large ones; omits parts that are too small to be visible.
  private func groups(of part: Row) -> [Row] {
    var rows: [String: Row] = [:]
    for file in files where file.part == part.name && file.compressed > 0 {
      let pieces = file.path.split(separator: "/")
      // A file of a fiftieth of its part has a place of its own.
      let isLarge = file.compressed * 50 > part.compressed
      let name = isLarge ? file.path : pieces.prefix(max(1, min(2, pieces.count - 1))).joined(separator: "/")
      var row = rows[name] ?? Row(name: name, compressed: 0, size: 0, files: 0)
      row.compressed += file.compressed
      row.size += file.size
      row.files += 1
      rows[name] = row
    }
    let sorted = rows.values.sorted { ($1.compressed, $0.name) < ($0.compressed, $1.name) }
    let large = sorted.filter { $0.compressed * 1000 > size }
    let small = sorted.dropFirst(large.count)
    guard !small.isEmpty else { return large }
    let sum = Row(
      name: "\(small.count) more", compressed: small.reduce(0) { $0 + $1.compressed },
      size: small.reduce(0) { $0 + $1.size }, files: small.reduce(0) { $0 + $1.files })
    return (large + [sum]).sorted { $0.compressed > $1.compressed }
  }

  private static func box(
    _ place: Treemap.Rectangle, style: String, label: String, note: String, isFrame: Bool
  ) -> String {
    func percent(_ value: Double, of whole: Double) -> String { fixed(value * 100 / whole) + "%" }
    let position =
      "left:\(percent(place.x, of: 160));top:\(percent(place.y, of: 90));"
      + "width:\(percent(place.width, of: 160));height:\(percent(place.height, of: 90));"
    let kind = isFrame ? " class=\"part\"" : ""
    // A label that cannot be read is left out.
    let text = place.width > 8 && place.height > 2.5 && !isFrame ? MarkupText.content(label) : ""
    return "<div\(kind) style=\"\(position)\(style)\" title=\"\(MarkupText.attribute(note))\">\(text)</div>\n"
  }

  /// Two decimals, without Foundation.
  private static func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }

  /// A size for people.
  public static func bytes(_ count: UInt64) -> String {
    if count < 1 << 10 { return "\(count) B" }
    if count < 10 << 20 { return "\(count >> 10) KiB" }
    return "\(count >> 20) MiB"
  }
}
