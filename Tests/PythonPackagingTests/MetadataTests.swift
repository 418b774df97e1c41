import JSON
import Testing

@testable import PythonPackaging

@Suite struct MetadataTests {
  @Test func entryPointsAreThoseThatPythonSees() throws {
    let text = """
      # a comment
      [console_scripts]
      hello = app.main:run
      spaced   =  app.main : Class.method
      extra = app:main [fast, x]
      bare = app

      [gui_scripts]
      window = app.window:run
      [other.group]
      name with spaces = a.b:c
      """
    let answer = try Oracle.ask(
      """
      import importlib.metadata as m
      class D(m.Distribution):
        def read_text(self, name): return cases[0] if name == 'entry_points.txt' else None
        def locate_file(self, path): return path
      found = {}
      for e in D().entry_points:
        found.setdefault(e.group, []).append([e.name, e.module, e.attr or None, list(e.extras)])
      answers.append(found)
      """, [.string(text)])[0]
    let ours = EntryPoints(parsing: text).groups.map { group, points in
      (
        group,
        JSONValue.array(
          points.map {
            [.string($0.name), .string($0.module), $0.attribute.map { .string($0) } ?? .null, .strings($0.extras)]
          })
      )
    }
    #expect(.object(JSONObject(ours)) == answer)
  }

  @Test(arguments: ["", "a b", "a:", ":b", "a..b:c", "a:b.", "a:b [x"]) func aTextThatIsNoEntryPointIsNone(text: String)
  {
    #expect(DistributionEntryPoint(name: "x", reference: text) == nil)
  }

  @Test func metadataIsReadAsTheLibraryReadsIt() throws {
    let text = """
      Metadata-Version: 2.1
      Name: Some.Package
      Version: 1.0.post1
      Summary: Requires-Dist: nothing
      Requires-Python: >=3.8, !=3.9.1
      Requires-Dist: requests[socks] (>=2.0,<3)
      requires-dist: importlib-metadata ; python_version < "3.10"
      Requires-Dist: fast ; extra == 'Fast_Path'
      Provides-Extra: Fast_Path
      Description: first line
              Requires-Dist: not-this

      Requires-Dist: nor-this
      """
    let answer = try Oracle.ask(
      """
      from packaging.metadata import Metadata
      from packaging.utils import canonicalize_name
      for text in cases:
        m = Metadata.from_email(text, validate=False)
        answers.append([canonicalize_name(m.name), str(m.version), [canonicalize_name(r.name) for r in m.requires_dist],
          sorted(map(str, m.requires_python)), [canonicalize_name(e) for e in m.provides_extra]])
      """, [.string(text)])[0]
    let metadata = try CoreMetadata(parsing: text)
    let ours: JSONValue = [
      .string(metadata.name.text), .string(metadata.version.description),
      .strings(metadata.requiresDist.map(\.name.text)),
      .strings(metadata.requiresPython.specifiers.map(\.description).sorted()), .strings(metadata.providedExtras),
    ]
    #expect(ours == answer)
    #expect(try CoreMetadata(parsing: text.replacing("\n", with: "\r\n")) == metadata)
    #expect(metadata.requiresDist[0].extras == ["socks"])
  }

  @Test(arguments: ["", "Name: x", "Name: -\nVersion: 1", "Name: x\nVersion: 1\nRequires-Dist: a b"])
  func metadataThatMakesNoSenseIsAnErrorThatNamesTheField(text: String) {
    #expect(throws: CoreMetadata.Failure.self) { try CoreMetadata(parsing: text) }
  }
}
