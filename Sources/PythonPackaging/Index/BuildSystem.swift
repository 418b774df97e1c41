import JSON
internal import TOML

/// The table `[build-system]` of a project (PEP 518): the requirements and the backend of its build.
struct BuildSystem: Sendable, Hashable {
  var requires: [Requirement]
  /// `module` or `module:object`.
  var backend: String
  /// Directories of the project that contain the backend; empty for an installed backend.
  var backendPath: [String]

  /// The meaning of a project without the table: setuptools, run like `setup.py`.
  static let standard = BuildSystem(
    requires: ["setuptools>=40.8.0", "wheel"].compactMap { try? Requirement($0) },
    backend: "setuptools.build_meta:__legacy__", backendPath: [])

  init(requires: [Requirement], backend: String, backendPath: [String]) {
    self.requires = requires
    self.backend = backend
    self.backendPath = backendPath
  }

  /// - Parameter bytes: of `pyproject.toml`.
  /// - Throws: ``Failure`` with the problem.
  init(parsing bytes: [UInt8]) throws(Failure) {
    let root: JSONObject
    do throws(TOMLDocument.Failure) {
      root = try TOMLDocument(parsing: bytes).root
    } catch {
      throw Failure(reason: "line \(error.line) of its pyproject.toml: \(error.message)")
    }
    guard let table = root["build-system"] else {
      self = .standard
      return
    }
    guard let texts = table["requires"]?.strings else {
      throw Failure(reason: "[build-system] of its pyproject.toml lacks the list \"requires\"")
    }
    requires = try Self.parse(texts)
    backend = table["build-backend"]?.string ?? Self.standard.backend
    backendPath = table["backend-path"]?.strings ?? []
    guard backendPath.allSatisfy(PackageSource.staysInside) else {
      throw Failure(reason: "\"backend-path\" of its pyproject.toml is outside the project")
    }
  }

  static func parse(_ texts: [String]) throws(Failure) -> [Requirement] {
    try texts.map { text throws(Failure) in
      do throws(RequirementSyntaxError) {
        return try Requirement(text)
      } catch {
        throw Failure(reason: "its build requires \"\(text)\", which is not a requirement")
      }
    }
  }

  struct Failure: Error, Hashable {
    var reason: String
  }
}
