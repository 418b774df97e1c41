import BuildFiles
import TargetGraph
import Testing

/// Files of targets whose types Kilt does not build.
@Suite struct ForeignSourceTests {
  private static let files = [
    "proto/BUILD": "protobuf_sources()\nprotobuf_source(name='one', source='a.proto')\n", "proto/a.proto": "",
    "img/BUILD":
      "docker_image(name='img', dependencies=['proto'])\ndocker_image(name='two', source='Dockerfile.two')\n",
    "img/Dockerfile": "", "img/Dockerfile.two": "", "chart/BUILD": "helm_chart()\n", "chart/Chart.yaml": "",
    "chart/templates/a/x.yaml": "", "th/BUILD": "thrift_sources(sources=['*.thrift', '!b.thrift'])\n",
    "th/a.thrift": "",
    "th/b.thrift": "", "api/BUILD": "openapi_document(source='spec/openapi.yaml')\n", "api/spec/openapi.yaml": "",
    "tf/BUILD": "terraform_module()\n", "tf/main.tf": "",
  ]

  @Test(
    "A file is owned by targets that name it, or whose type has such files in Pants",
    arguments: [
      ("proto/a.proto", ["proto:one", "proto:proto"]), ("img/Dockerfile", ["img:img"]),
      ("img/Dockerfile.two", ["img:two"]),
      ("chart/Chart.yaml", ["chart:chart"]), ("chart/templates/a/x.yaml", ["chart:chart"]), ("th/a.thrift", ["th:th"]),
      ("th/b.thrift", []), ("api/spec/openapi.yaml", ["api:api"]), ("tf/main.tf", ["tf:tf"]), ("tf/gone.tf", ["tf:tf"]),
      ("tf/sub/main.tf", []), ("proto/BUILD", []),
    ])
  func owners(path: String, expected: [String]) throws {
    let resolver = try GraphFixture(Self.files).resolver()
    #expect(resolver.names(resolver.graph.foreignOwners(of: path)) == expected)
  }

  @Test("A spec that is a file of a foreign type selects its targets")
  func specs() throws {
    let resolver = try GraphFixture(Self.files).resolver()
    let found = try resolver.graph.select([try Spec(parsing: "proto/a.proto")])
    #expect(resolver.names(found) == ["proto:one", "proto:proto"])
  }
}
