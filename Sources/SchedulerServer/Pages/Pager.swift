internal import SystemSupport

/// The part of a long list that a page shows, and the links to the other parts.
struct Pager {
  /// Rows of a page: as many as a browser renders at once without a wait.
  static let size = 200

  /// The part that is shown, from 0 on.
  let number: Int
  let total: Int

  /// - Parameter number: the part in the address; a missing one returns the nearest.
  init(_ number: Int, of total: Int) {
    self.total = total
    self.number = max(0, min(number, (total - 1) / Self.size))
  }

  /// The places of the elements that are shown.
  var range: Range<Int> { number * Self.size..<min(total, (number + 1) * Self.size) }

  func part<Element>(of elements: [Element]) -> ArraySlice<Element> { elements[range] }

  /// The links; empty for a list that fits one page.
  ///
  /// - Parameters:
  ///   - address: the page without its query.
  ///   - query: the rest of the address, such as the filter.
  func links(_ address: String, query: [(name: String, value: String)] = [], _ what: String) -> HTML {
    guard total > Self.size else { return "" }
    func link(_ part: Int, _ label: String) -> HTML {
      guard (0...(total - 1) / Self.size).contains(part), part != number else { return "<span>\(label)</span>" }
      let words = (query.filter { !$0.value.isEmpty } + [("page", "\(part)")])
        .map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
      return "<a href=\"\(address)?\(words.joined(separator: "&"))\">\(label)</a>"
    }
    return """
      <p class="tabs">\(link(0, "first"))\(link(number - 1, "previous"))\
      <span class="soft">\(what) \(range.lowerBound + 1) to \(range.upperBound) of \(total)</span>\
      \(link(number + 1, "next"))\(link((total - 1) / Self.size, "last"))</p>
      """
  }
}
