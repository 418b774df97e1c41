extension Version: Comparable, Hashable {
  public static func == (left: Version, right: Version) -> Bool { compare(left, right) == 0 }
  public static func < (left: Version, right: Version) -> Bool { compare(left, right) < 0 }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(epoch)
    hasher.combine(significantRelease)
    hasher.combine(preRelease?.kind)
    hasher.combine(preRelease?.number)
    hasher.combine(postRelease)
    hasher.combine(developmentRelease)
    hasher.combine(local)
  }

  /// Below, at or above 0 as `left` is before, equal to or after `right` (PEP 440, "Summary of permitted suffixes and
  /// relative ordering").
  static func compare(_ left: Version, _ right: Version) -> Int {
    if left.epoch != right.epoch { return left.epoch < right.epoch ? -1 : 1 }
    for index in 0..<max(left.release.count, right.release.count) {
      let l = index < left.release.count ? left.release[index] : 0
      let r = index < right.release.count ? right.release[index] : 0
      if l != r { return l < r ? -1 : 1 }
    }
    let suffix = compareKeys(left.preReleaseKey, right.preReleaseKey)
    if suffix != 0 { return suffix }
    // A version without a post-release sorts before the first post-release; a development release sorts before its
    // release.
    let post = compareKeys(left.postRelease.map { (1, $0) } ?? (0, 0), right.postRelease.map { (1, $0) } ?? (0, 0))
    if post != 0 { return post }
    let development = compareKeys(
      left.developmentRelease.map { (0, $0) } ?? (1, 0), right.developmentRelease.map { (0, $0) } ?? (1, 0))
    return development != 0 ? development : compareLocal(left.local, right.local)
  }

  /// "1.0.dev1" is before every pre-release of 1.0, and "1.0" after them.
  private var preReleaseKey: (Int, UInt64) {
    switch preRelease {
    case let pre?:
      switch pre.kind {
      case .alpha: (1, pre.number)
      case .beta: (2, pre.number)
      case .candidate: (3, pre.number)
      }
    case nil: postRelease == nil && developmentRelease != nil ? (0, 0) : (4, 0)
    }
  }

  private static func compareKeys(_ left: (Int, UInt64), _ right: (Int, UInt64)) -> Int {
    left == right ? 0 : left < right ? -1 : 1
  }

  private static func compareLocal(_ left: [LocalPart], _ right: [LocalPart]) -> Int {
    for (l, r) in zip(left, right) where l != r {
      switch (l, r) {
      case (.number(let l), .number(let r)): return l < r ? -1 : 1
      case (.number, .text): return 1
      case (.text, .number): return -1
      case (.text(let l), .text(let r)): return l < r ? -1 : 1
      }
    }
    return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
  }
}
