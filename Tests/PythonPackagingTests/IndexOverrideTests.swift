import Testing

@testable import PythonPackaging

/// Indexes that a workspace names, beside pip's configuration.
@Suite struct IndexOverrideTests {
  private let pip = IndexConfiguration(indexes: ["https://default.invalid"], isDefaultIndex: true, findLinks: ["/pip"])

  @Test("A configured index replaces pip's, and is added to pip's only on request")
  func indexes() {
    let own = IndexConfiguration.Override(indexes: ["https://own.invalid"], findLinks: ["/own"])
    let replaced = pip.overridden(by: own) { _ in nil }
    #expect(replaced.indexes == ["https://own.invalid"] && !replaced.isDefaultIndex)
    #expect(replaced.findLinks == ["/pip", "/own"])
    #expect(replaced.uvEnvironment()["UV_DEFAULT_INDEX"] == "https://own.invalid")
    #expect(replaced.pipEnvironment()["PIP_INDEX_URL"] == "https://own.invalid")
    #expect(replaced.pipEnvironment()["PIP_EXTRA_INDEX_URL"] == "")
    var added = own
    added.addsIndexes = true
    #expect(pip.overridden(by: added) { _ in nil }.indexes == ["https://default.invalid", "https://own.invalid"])
    // No index at all is one that is named, too.
    #expect(pip.overridden(by: .init(indexes: [])) { _ in nil }.pipEnvironment()["PIP_NO_INDEX"] == "1")
    #expect(pip.overridden(by: nil) { _ in nil } == pip)
  }

  @Test("KILT_NO_INDEX overrides the indexes of a workspace")
  func noIndex() {
    let none = IndexConfiguration(findLinks: ["/here"])
    let override = IndexConfiguration.Override(indexes: ["https://own.invalid"])
    let found = none.overridden(by: override) { $0 == "KILT_NO_INDEX" ? "1" : nil }
    #expect(found.indexes.isEmpty)
  }
}
