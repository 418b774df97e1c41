internal import Glibc

/// State in memory: numbered sections of bytes, mapped from a snapshot or empty, that can be changed in place.
///
/// Not thread-safe while it is changed; any number of threads can read it between changes. This is the invariant of
/// `@unchecked Sendable`: only the thread that holds the image alone changes it, before the image is shared or after.
public final class StateImage: @unchecked Sendable {
  let regions: [Region]
  /// The saved state that this image continues; see ``SnapshotStore``.
  var origin: Origin?

  /// The existing snapshot that was unusable when this image was created empty.
  var seenNumber: UInt64?

  /// The snapshot an image was opened from, and how much of its journal was applied.
  struct Origin {
    var number: UInt64
    var identity: UInt64
    var journalSize: Int
    var snapshotSize: Int
  }

  /// An image with empty sections.
  public init(sections: Int) throws(SnapshotError) {
    var regions: [Region] = []
    for _ in 0..<sections { regions.append(try Region()) }
    self.regions = regions
  }

  /// An image with empty sections that replaces this one when it is saved.
  public func anew() throws(SnapshotError) -> StateImage {
    let image = try StateImage(sections: regions.count)
    image.seenNumber = origin?.number ?? seenNumber
    return image
  }

  /// The number of bytes in a section.
  public func byteCount(_ section: Int) -> Int { regions[section].count }

  /// The bytes of a section.
  public func bytes(_ section: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: regions[section].base, count: regions[section].count)
  }

  /// The start of a section, which never moves as long as the image lives.
  public func base(_ section: Int) -> UnsafeRawPointer { UnsafeRawPointer(regions[section].base) }

  /// Appends bytes to a section and returns the offset of the first.
  public func append(_ bytes: UnsafeRawBufferPointer, to section: Int) throws(SnapshotError) -> Int {
    let region = regions[section]
    let offset = try region.grow(by: bytes.count)
    if let start = bytes.baseAddress { memcpy(region.base + offset, start, bytes.count) }
    return offset
  }

  /// Appends bytes to a section and returns the offset of the first.
  public func append(_ bytes: [UInt8], to section: Int) throws(SnapshotError) -> Int {
    let region = regions[section]
    let offset = try region.grow(by: bytes.count)
    bytes.withUnsafeBytes { if let start = $0.baseAddress { memcpy(region.base + offset, start, bytes.count) } }
    return offset
  }

  /// Whether anything differs from the saved state.
  public var isChanged: Bool {
    regions.contains { $0.count != $0.savedCount || !$0.changes.isEmpty }
  }

  /// The bytes of all sections.
  var totalSize: Int { regions.reduce(0) { $0 + $1.count } }

  func noteSaved() {
    for region in regions {
      region.savedCount = region.count
      region.changes = []
    }
  }
}

/// A section as rows of one fixed-size type. Rows are read and written as values.
public struct Column<Row: BitwiseCopyable>: @unchecked Sendable {
  // The region belongs to an image, whose invariant on threads this shares.
  @usableFromInline let region: Region
  private let image: StateImage
  @usableFromInline let base: UnsafeMutablePointer<Row>

  /// The rows of a section.
  public init(_ image: StateImage, _ section: Int) {
    self.image = image
    region = image.regions[section]
    base = region.base.assumingMemoryBound(to: Row.self)
  }

  /// The number of rows.
  @inlinable public var count: Int { region.count / MemoryLayout<Row>.stride }

  /// A row. Writing one that has not changed leaves no trace.
  @inlinable public subscript(index: Int) -> Row {
    get { read(index) }
    nonmutating set { write(newValue, at: index) }
  }

  @inlinable func read(_ index: Int) -> Row {
    precondition(index >= 0 && (index + 1) * MemoryLayout<Row>.stride <= region.count, "a row beyond the section")
    return base[index]
  }

  @usableFromInline func write(_ row: Row, at index: Int) {
    precondition(index >= 0 && (index + 1) * MemoryLayout<Row>.stride <= region.count, "a row beyond the section")
    let size = MemoryLayout<Row>.size
    let same = withUnsafeBytes(of: row) { $0.elementsEqual(UnsafeRawBufferPointer(start: base + index, count: size)) }
    if same { return }
    base[index] = row
    region.note(index * MemoryLayout<Row>.stride, MemoryLayout<Row>.stride)
  }

  /// Appends a row and returns its index.
  @discardableResult
  public func append(_ row: Row) throws(SnapshotError) -> Int {
    let offset = try region.grow(by: MemoryLayout<Row>.stride)
    let index = offset / MemoryLayout<Row>.stride
    base[index] = row
    return index
  }

  /// Appends rows and returns the index of the first.
  public func append(contentsOf rows: some Collection<Row>) throws(SnapshotError) -> Int {
    let offset = try region.grow(by: MemoryLayout<Row>.stride * rows.count)
    let index = offset / MemoryLayout<Row>.stride
    var next = index
    for row in rows {
      base[next] = row
      next += 1
    }
    return index
  }

  /// Sets the number of rows; new ones are zero.
  public func resize(to count: Int) throws(SnapshotError) {
    try region.setCount(count * MemoryLayout<Row>.stride)
  }

  /// Rows in place; not to be kept beyond the next change.
  public subscript(range: Range<Int>) -> UnsafeBufferPointer<Row> {
    precondition(
      range.lowerBound >= 0 && range.upperBound * MemoryLayout<Row>.stride <= region.count, "rows beyond the section")
    return UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
  }
}
