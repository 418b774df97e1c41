internal import Bundles
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// All that a bundle is made of, and the key that stands for it.
struct BundleInputs {
  var specification: BundleSpecification
  /// Equal keys give equal bytes.
  var key: SHA256Digest

  /// - Parameters:
  ///   - wheels: what the plan's requirements come to on the target.
  ///   - root: the workspace's.
  init(_ plan: BundlePlan, wheels: [ResolvedWheel], root: FilePath) throws {
    var specification = BundleSpecification(name: plan.artifact, entryPoint: Self.entryPoint(plan))
    specification.arguments = plan.args
    specification.environment = Dictionary(plan.env.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    specification.interpreterConstraints = plan.interpreterConstraints
    specification.requirements = plan.requirements.map(\.text)
    specification.wheels = wheels.map { WheelInput(fileName: $0.fileName, path: $0.path, sha256: $0.sha256) }
    var key = CanonicalEncoder()
    // What the format itself puts in: boot code and layout.
    key.append("bundle inputs 2")
    key.append(BundleBuilder.formatDigest)
    key.append(strings: [plan.artifact, "\(specification.entryPoint)"] + plan.args)
    key.append(strings: specification.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    key.append(strings: plan.interpreterConstraints)
    key.append(strings: specification.requirements)
    key.append(list: wheels) { encoder, wheel in
      encoder.append(wheel.fileName)
      encoder.append(wheel.sha256)
    }
    for file in plan.files {
      let path = root.appending(file.path)
      let isExecutable = try FileSystem.status(of: path, followingLinks: true).isExecutable
      specification.sources.append(SourceMember(file.bundlePath, file: path, isExecutable: isExecutable))
      key.append(file.bundlePath)
      key.append(isExecutable)
      key.append(try SHA256Digest.ofFile(path).digest)
    }
    self.specification = specification
    self.key = key.digest
  }

  private static func entryPoint(_ plan: BundlePlan) -> BundleSpecification.EntryPoint {
    switch plan.entryPoint {
    case .module(let module, nil): .module(module)
    case .module(let module, let function?): .function(module: module, function: function)
    case .script(let script), .executable(let script): .script(script)
    case nil: .none
    }
  }
}
