/// Rectangles whose areas are as weights are, as near to squares as they come (Bruls, Huizing and van Wijk 2000).
struct Treemap {
  struct Rectangle: Sendable, Hashable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
  }

  /// One rectangle for each weight, in order; weights are positive and fall.
  static func layout(_ weights: [Double], in area: Rectangle) -> [Rectangle] {
    let total = weights.reduce(0, +)
    guard total > 0 else { return weights.map { _ in Rectangle(x: area.x, y: area.y, width: 0, height: 0) } }
    let scale = area.width * area.height / total
    var result: [Rectangle] = []
    var rest = area
    var index = 0
    while index < weights.count {
      // A row along the shorter side grows while that improves its worst rectangle.
      let side = min(rest.width, rest.height)
      var row = [weights[index] * scale]
      index += 1
      while index < weights.count {
        let longer = row + [weights[index] * scale]
        guard worst(longer, side) <= worst(row, side) else { break }
        row = longer
        index += 1
      }
      result += place(row, in: &rest)
    }
    return result
  }

  private static func worst(_ row: [Double], _ side: Double) -> Double {
    let sum = row.reduce(0, +)
    guard sum > 0, side > 0, let most = row.max(), let least = row.min(), least > 0 else { return .infinity }
    return max(side * side * most / (sum * sum), sum * sum / (side * side * least))
  }

  private static func place(_ row: [Double], in rest: inout Rectangle) -> [Rectangle] {
    let sum = row.reduce(0, +)
    var result: [Rectangle] = []
    if rest.width >= rest.height {
      let width = rest.height > 0 ? sum / rest.height : 0
      var y = rest.y
      for area in row {
        let height = width > 0 ? area / width : 0
        result.append(Rectangle(x: rest.x, y: y, width: width, height: height))
        y += height
      }
      rest.x += width
      rest.width = max(0, rest.width - width)
    } else {
      let height = rest.width > 0 ? sum / rest.width : 0
      var x = rest.x
      for area in row {
        let width = height > 0 ? area / height : 0
        result.append(Rectangle(x: x, y: rest.y, width: width, height: height))
        x += width
      }
      rest.y += height
      rest.height = max(0, rest.height - height)
    }
    return result
  }
}
