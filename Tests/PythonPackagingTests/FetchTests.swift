import ContentStore
import Diagnostics
import Digests
import HTTPClient
import JSON
import SystemSupport
import Testing

@testable import PythonPackaging

@Suite struct FetchTests {
  private let repository: SimpleRepository
  private let store: ContentStore
  private let lib: LockedPackage

  init() throws {
    repository = try SimpleRepository()
    let file = try repository.add("my_lib", "1.0")
    let path = repository.folder.appending(file)
    let (digest, size) = try SHA256Digest.ofFile(path)
    store = ContentStore(root: repository.folder.appending("store"))
    lib = LockedPackage(
      name: try #require(PackageName("my-lib")), version: "1.0",
      files: [LockedFile(name: file, size: size, sha256: digest)])
  }

  private func provider(_ index: IndexConfiguration) -> WheelProvider {
    WheelProvider(store: store, root: repository.folder, index: index) { [] }
  }

  @Test(arguments: ["<a href=\"x-1.0.tar.gz\">", "<a\n href = 'x-1.0.tar.gz' >", "<a download href=x-1.0.tar.gz>"])
  func aLinkIsFoundWhereverTheTagHasIt(tag: String) {
    let page = SimplePage(contentType: "text/html", body: Array(tag.utf8), url: "https://h.invalid/simple/x/")
    #expect(page?.files.map(\.url) == ["https://h.invalid/simple/x/x-1.0.tar.gz"])
  }

  @Test(arguments: ["html", "json"]) func aLockedFileIsFoundByNameAndHashAndNotAskedForAgain(kind: String) throws {
    let server = try RepositoryServer(repository.folder)
    let index = IndexConfiguration(indexes: ["\(server.url)/\(kind)"])
    let wheels = try provider(index).wheels(for: [lib], target: target("3.11"))
    #expect(wheels.map(\.fileName) == ["my_lib-1.0-py3-none-any.whl"])
    #expect(try SHA256Digest.ofFile(wheels[0].path).digest == lib.files[0].sha256)
    #expect(wheels[0].size == lib.files[0].size)
    // Again, with an index that nobody serves: the store has all there is to know.
    let offline = IndexConfiguration(indexes: ["http://127.0.0.1:1/simple"])
    #expect(try provider(offline).wheels(for: [lib], target: target("3.11")) == wheels)
    let log = try HTTPClient().send(HTTPRequest(.get, server.url + "/log")).text
    #expect(log == "[\"/\(kind)/my-lib/\", \"/files/my_lib-1.0-py3-none-any.whl\"]")
  }

  @Test func credentialsOfTheIndexServeItsFilesAndAreInNoMessage() throws {
    let server = try RepositoryServer(repository.folder)
    let open = "http://ann:geheim@127.0.0.1:\(server.port)/private/html"
    #expect(try provider(IndexConfiguration(indexes: [open])).wheels(for: [lib], target: target("3.11")).count == 1)
    var other = lib
    other.files[0].sha256 = .of("other")
    let error = #expect(throws: IndexError.self) {
      try provider(IndexConfiguration(indexes: [open])).wheels(for: [other], target: target("3.11"))
    }
    #expect(!DiagnosticRenderer(color: false).render(try #require(error).diagnostic).contains("geheim"))
    let closed = IndexConfiguration(indexes: ["http://127.0.0.1:\(server.port)/private/html"])
    let refused = #expect(throws: HTTPError.self) {
      try provider(closed).wheels(for: [other], target: target("3.11"))
    }
    #expect(refused?.kind == .status(401))
  }

  @Test func aFolderOfWheelsServesToo() throws {
    let index = IndexConfiguration(findLinks: ["/nonexistent", "file://" + repository.folder.string])
    #expect(try provider(index).wheels(for: [lib], target: target("3.11")).count == 1)
  }

  @Test func otherBytesThanThoseLockedAreRefusedAndNotKept() throws {
    let server = try RepositoryServer(repository.folder)
    var changed = lib
    changed.files[0].sha256 = .of("what was locked")
    for index in [
      IndexConfiguration(indexes: ["\(server.url)/html"]), IndexConfiguration(findLinks: [repository.folder.string]),
    ] {
      let error = #expect(throws: IndexError.self) {
        try provider(index).wheels(for: [changed], target: target("3.11"))
      }
      let diagnostic = try #require(error).diagnostic
      #expect(diagnostic.summary == "\"my_lib-1.0-py3-none-any.whl\" is not the file that was locked")
      #expect(diagnostic.notes.contains("locked sha256:\(SHA256Digest.of("what was locked").hex)"))
      #expect(diagnostic.notes.contains("found sha256:\(lib.files[0].sha256.hex)"))
    }
    #expect(!store.contains(lib.files[0].sha256))
    #expect(!store.contains(changed.files[0].sha256))
  }

  @Test func aFileThatNobodyHasIsAnErrorThatSaysWhereItWasLookedFor() throws {
    let server = try RepositoryServer(repository.folder)
    let index = IndexConfiguration(indexes: ["\(server.url)/html"], findLinks: ["/nonexistent"])
    var absent = lib
    absent.name = try #require(PackageName("absent"))
    let error = #expect(throws: IndexError.self) { try provider(index).wheels(for: [absent], target: target("3.11")) }
    #expect(
      error
        == .notFound(
          file: lib.files[0].name, lookedAt: ["/nonexistent/my_lib-1.0-py3-none-any.whl", "\(server.url)/html/absent/"])
    )
  }

  @Test func anIndexThatCanNotBeReachedIsTheEnvironmentsFault() throws {
    let error = #expect(throws: HTTPError.self) {
      try provider(IndexConfiguration(indexes: ["http://127.0.0.1:1/simple"])).wheels(
        for: [lib], target: target("3.11"))
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.diagnostic.blame == .environment)
  }

  @Test(arguments: [
    ("../../packages/a.whl#sha256=0", "https://h/simple/a/", "https://h/packages/a.whl#sha256=0"),
    ("/x/a.whl", "https://h/simple/a/", "https://h/x/a.whl"), ("a.whl", "https://h/simple/a", "https://h/simple/a.whl"),
    ("a.whl", "https://h", "https://h/a.whl"), ("https://o/a.whl", "https://u:p@h/s/", "https://o/a.whl"),
    ("https://h/a.whl", "https://u:p@h/s/", "https://u:p@h/a.whl"),
    ("//h/a.whl", "https://u:p@h/s/", "https://u:p@h/a.whl"),
    ("../a.whl", "https://u:p@h/s/b/", "https://u:p@h/s/a.whl"),
    ("../../../../a.whl", "https://h/s/", "https://h/a.whl"),
  ])
  func linksOfAPageAreRelativeToIt(link: String, base: String, expected: String) {
    #expect(resolveURL(link, against: base) == expected)
  }

  @Test func pipTellsItsIndexAndFolders() throws {
    let interpreters = InterpreterFinder(cacheFile: nil).all().map(\.path)
    let configuration = try IndexConfiguration.ofPip(interpreters) { $0 == "KILT_FIND_LINKS" ? "/a:/b" : nil }
    #expect(configuration.findLinks.suffix(2) == ["/a", "/b"])
    let none = try IndexConfiguration.ofPip(interpreters) { $0 == "KILT_NO_INDEX" ? "1" : nil }
    #expect(none.indexes.isEmpty)
    #expect(throws: IndexError.self) { try IndexConfiguration.ofPip(["/bin/false"]) { _ in nil } }
  }

  @Test func whatPipPrintsIsReadWithItsPrecedence() throws {
    let json = try #require(
      IndexConfiguration(pip: [
        "default": "https://default/simple",
        "found": [
          "index-url": "https://u:p@h/simple", "extra-index-url": "https://a/ \n https://b/", "find-links": "/w",
          "cert": "/c.pem",
        ],
      ]))
    #expect(json.indexes == ["https://u:p@h/simple", "https://a/", "https://b/"])
    #expect(json.findLinks == ["/w"])
    #expect(json.certificateFile == "/c.pem")
    #expect(IndexConfiguration(pip: ["default": "https://d/", "found": ["no-index": "true"]])?.indexes == [])
    #expect(IndexConfiguration(pip: ["default": "https://d/", "found": [:]])?.isDefaultIndex == true)
  }
}
