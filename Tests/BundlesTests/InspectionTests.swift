import SystemSupport
import Testing

@testable import Bundles

@Suite("Contents of a bundle")
struct InspectionTests {
  @Test("Sizes by distribution, by kind and by file add up to the size of the file")
  func sizes() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "x = 1\n", "pkg/tests/t.py": "1\n",
        "pkg/a<b>.json": "{\"key\": \"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM\"}",
      ])
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print(1)\n"], wheels: [wheel])
    let sizes = try BundleSizes(of: bundle.path)
    #expect(sizes.size == bundle.size)
    #expect(Set(sizes.parts.map(\.name)) == [wheel.fileName, "workspace", "boot code"])
    #expect(Set(sizes.kinds.map(\.name)).isSuperset(of: ["Python source", "data", "tests", "metadata"]))
    for rows in [sizes.parts, sizes.kinds] {
      #expect(rows.reduce(0) { $0 + $1.compressed } + sizes.overhead == sizes.size)
      #expect(rows.map(\.compressed) == rows.map(\.compressed).sorted(by: >))
    }
    #expect(sizes.files.map(\.compressed) == sizes.files.map(\.compressed).sorted(by: >))
    let html = sizes.html(title: "a & b")
    #expect(html.contains("<h1>a &amp; b</h1>") && html.contains("pkg-1.0-py3-none-any.whl/pkg/a&lt;b&gt;.json"))
  }

  @Test("A treemap covers its area, each rectangle as large as its weight")
  func treemap() {
    let weights: [Double] = [60, 30, 20, 10, 5, 5, 1]
    let area = Treemap.Rectangle(x: 0, y: 0, width: 160, height: 90)
    let rectangles = Treemap.layout(weights, in: area)
    #expect(rectangles.count == weights.count)
    for (rectangle, weight) in zip(rectangles, weights) {
      #expect(abs(rectangle.width * rectangle.height - weight * 160 * 90 / 131) < 0.001)
      #expect(rectangle.x >= 0 && rectangle.x + rectangle.width < 160.001)
      #expect(rectangle.y >= 0 && rectangle.y + rectangle.height < 90.001)
      #expect(max(rectangle.width, rectangle.height) / min(rectangle.width, rectangle.height) < 12)
    }
    #expect(Treemap.layout([], in: area).isEmpty)
  }

  @Test("A difference names members and replaced wheels")
  func difference() throws {
    let scratch = try Scratch()
    let old = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": "1"])
    let new = try scratch.wheel("pkg-2.0-py3-none-any.whl", ["pkg.py": "2"])
    let one = try scratch.build("one.pex", sources: ["a.py": "1\n", "b.py": ""], wheels: [old])
    let other = try scratch.build("other.pex", sources: ["a.py": "22\n", "c.py": ""], wheels: [new])
    let difference = try BundleDifference(from: one.path, to: other.path)
    func change(_ name: String) -> BundleDifference.Change? { difference.members.first { $0.name == name }?.change }
    #expect(change("a.py") == .changed)
    #expect(change("b.py") == .removed)
    #expect(change("c.py") == .added)
    #expect(change("__main__.py") == nil)
    #expect(difference.wheels.map(\.old) == [old.fileName])
    #expect(difference.wheels.map(\.new) == [new.fileName])
    #expect(try BundleDifference(from: one.path, to: one.path).members.isEmpty)
  }
}
