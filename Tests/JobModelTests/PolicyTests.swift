import JobModel
import Testing

@Suite struct PolicyTests {
  @Test("The last size of a variable batch repeats")
  func batchSizes() {
    let strategy = UpdateStrategy.variableBatch(batchSizes: [1, 2, 5], autopause: true)
    #expect((0..<5).map(strategy.size(ofBatch:)) == [1, 2, 5, 5, 5])
    #expect(strategy.waitsForBatch && strategy.pausesAfterBatch && strategy.isValid)
    #expect(!UpdateStrategy.variableBatch(batchSizes: [], autopause: false).isValid)
    #expect(!UpdateStrategy.variableBatch(batchSizes: [1, 0], autopause: false).isValid)
    #expect(!UpdateStrategy.queue(batchSize: 0).isValid && UpdateStrategy.batch(batchSize: 1, autopause: false).isValid)
  }

  @Test(
    "Placement constraints have Aurora's spelling",
    arguments: [
      ("limit:2", PlacementConstraint.Rule.limit(2)), ("a,b", .values(["a", "b"], isNegated: false)),
      ("!a", .values(["a"], isNegated: true)), ("limit:0", nil), ("limit:x", nil), ("", nil), ("a,", nil), ("!", nil),
    ] as [(String, PlacementConstraint.Rule?)])
  func spelling(_ text: String, _ rule: PlacementConstraint.Rule?) {
    let constraint = PlacementConstraint(attribute: "host", parsing: text)
    #expect(constraint?.rule == rule)
    #expect(constraint.map(\.text) == (rule == nil ? nil : text))
  }

  @Test("A host without the attribute meets only negated constraints")
  func matching() {
    func isMet(_ attribute: String, _ text: String, instances: Int = 1) -> Bool? {
      PlacementConstraint(attribute: attribute, parsing: text)?.isMet(on: ["host": "h1"], instances: instances)
    }
    #expect(isMet("host", "h1,h2") == true && isMet("host", "h2") == false)
    #expect(isMet("host", "!h2") == true && isMet("host", "!h1,h2") == false)
    #expect(isMet("host", "limit:2", instances: 2) == true && isMet("host", "limit:2", instances: 3) == false)
    #expect(isMet("rack", "a") == false && isMet("rack", "!a") == true && isMet("rack", "limit:9") == false)
  }

  @Test(
    "A secret's reference stays below its directory",
    arguments: [
      ("db", true), ("team/db.password", true), ("", false), ("/etc/shadow", false), ("../x", false), ("a//b", false),
      ("a/./b", false), ("a b", false),
    ])
  func references(_ text: String, _ isReference: Bool) { #expect(Secret.isReference(text) == isReference) }
}
