internal import Bundles
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// All inputs of a bundle, and the key that identifies them.
struct BundleKeyInputs {
  var specification: BundleSpecification
  /// The inputs of the bytes, by name.
  var inputs: InputList
  /// Equal keys give equal bytes.
  var key: SHA256Digest { inputs.digest }

  /// - Parameters:
  ///   - fields: the fields of the binary that set the form of its bundle.
  ///   - wheels: the resolved requirements of the plan on its platforms.
  ///   - root: the workspace's.
  ///   - parts: the generated parts.
  init(
    _ plan: BundlePlan, fields: BundleFields, wheels: PlatformWheels.Selection, root: FilePath,
    parts: GeneratedBundleParts = GeneratedBundleParts()
  ) throws {
    var specification = BundleSpecification(name: plan.artifact, entryPoint: Self.entryPoint(plan))
    specification.arguments = plan.args
    specification.environment = Dictionary(plan.env.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    specification.interpreterConstraints = plan.interpreterConstraints
    // The projects of the workspace have no wheels; their requirements do.
    specification.requirements = plan.requirements.filter { !$0.isProject }.map(\.text)
    if plan.requirements.contains(where: \.isProject) {
      specification.requirements += Set(wheels.wheels.map { "\($0.name)" }).sorted()
    }
    specification.wheels =
      wheels.wheels.map { WheelInput(fileName: $0.fileName, path: $0.path, sha256: $0.sha256) } + parts.wheels
    // The workspace's own wheels are for every platform.
    specification.platforms = wheels.platforms.map { $0 + parts.wheels.map(\.fileName) }
    fields.apply(to: &specification)
    var inputs = InputList()
    // The parts that the format adds: boot code and layout.
    inputs.append("format", "3", BundleBuilder.formatDigest)
    inputs.append("artifact", plan.artifact)
    inputs.append("entry point", "\(specification.entryPoint)")
    inputs.append("argument", list: specification.arguments)
    for (name, value) in specification.environment.sorted(by: { $0.key < $1.key }) {
      inputs.append("environment", name, value)
    }
    inputs.append("interpreter constraint", list: plan.interpreterConstraints)
    inputs.append("requirement", list: specification.requirements)
    for (name, value) in fields.key { inputs.append("field", name, value) }
    for set in specification.platforms { inputs.append("platform", list: [set.joined(separator: " ")]) }
    for wheel in specification.wheels { inputs.append("wheel", wheel.fileName, wheel.sha256) }
    for file in parts.sources {
      specification.sources.append(
        SourceMember(file.bundlePath, file: file.file, isExecutable: file.isExecutable, digest: file.digest))
      inputs.append("generated", file.bundlePath, file.digest.hex + (file.isExecutable ? " executable" : ""))
    }
    // A file from one of the workspace's own wheels is not added twice.
    for file in plan.files + parts.packageFiles + Self.executable(plan) where !parts.provided.contains(file.bundlePath)
    {
      let path = root.appending(file.path)
      let isExecutable = try FileSystem.status(of: path, followingLinks: true).isExecutable
      let digest = try SHA256Digest.ofFile(path).digest
      specification.sources.append(
        SourceMember(file.bundlePath, file: path, isExecutable: isExecutable, digest: digest))
      inputs.append(
        file.isPython ? "source" : "resource", file.bundlePath, digest.hex + (isExecutable ? " executable" : ""))
    }
    self.specification = specification
    self.inputs = inputs
  }

  private static func entryPoint(_ plan: BundlePlan) -> BundleSpecification.EntryPoint {
    switch plan.entryPoint {
    case .module(let module, nil): .module(module)
    case .module(let module, let function?): .function(module: module, function: function)
    case .script(let script): .script(script)
    case .executable: .module(executableModule)
    case nil: .none
    }
  }

  /// The name under which PEX, too, keeps a script that no name can import.
  private static let executableModule = "__pex_executable__"

  private static func executable(_ plan: BundlePlan) -> [BundlePlan.File] {
    guard case .executable(_, let file) = plan.entryPoint else { return [] }
    return [BundlePlan.File(path: file, bundlePath: executableModule + ".py", isPython: true)]
  }
}
