import Diagnostics
import HTTPClient
import JSON
public import SystemSupport

/// The sources of packages in pip's configuration. URLs can contain credentials; no file and no message shows them.
public struct IndexConfiguration: Sendable, Hashable {
  /// Simple repositories (PEP 503, PEP 691), the first one preferred.
  public var indexes: [String]
  /// Whether the first of ``indexes`` is pip's own default, which nobody configured.
  public var isDefaultIndex: Bool
  /// Directories, or URLs of pages, that contain files.
  public var findLinks: [String]
  /// A file of certificates to trust.
  public var certificateFile: String?

  public init(
    indexes: [String] = [], isDefaultIndex: Bool = false, findLinks: [String] = [], certificateFile: String? = nil
  ) {
    self.indexes = indexes
    self.isDefaultIndex = isDefaultIndex
    self.findLinks = findLinks
    self.certificateFile = certificateFile
  }

  /// Prints pip's configuration as JSON. The default index is pip's own constant, so that no second constant defines
  /// it. The script imports nothing from the working directory or `PYTHONPATH`.
  private static let script = """
    import sys
    if sys.path and sys.path[0] == '':
        del sys.path[0]
    import json
    from pip._internal.configuration import Configuration
    from pip._internal.models.index import PyPI
    c = Configuration(isolated=False)
    c.load()
    found = {}
    for section in ('global', 'download', 'install', ':env:'):
        for key, value in c.items():
            value = value if isinstance(value, dict) else {key: value}
            for key, value in value.items():
                name = key.split('.', 1)[-1]
                if key.rsplit('.', 1)[0] == section and value:
                    found[name] = value
    print(json.dumps({'default': PyPI.simple_url, 'found': found}))
    """

  /// Asks pip, through the first of these interpreters that has it. `KILT_FIND_LINKS` (directories, separated by
  /// colons) adds to pip's answer; with `KILT_NO_INDEX` set there is no index.
  ///
  /// - Throws: ``IndexError/noPip(tried:)``.
  public static func ofPip(
    _ interpreters: [FilePath], environment: (String) -> String? = environmentVariable
  ) throws(IndexError) -> IndexConfiguration {
    let extra = (environment("KILT_FIND_LINKS") ?? "").split(separator: ":").map(String.init)
    if let flag = environment("KILT_NO_INDEX"), !flag.isEmpty, flag != "0" {
      return IndexConfiguration(findLinks: extra)
    }
    var tried: [String] = []
    for path in interpreters {
      let answer = Result { () throws(SystemCallError) in
        try Subprocess(path.string, ["-B", "-E", "-c", script], deadlineMilliseconds: 60_000).run()
      }
      switch answer {
      case .success(let outcome) where outcome.termination.isSuccess:
        if let json = try? JSONValue(parsing: outcome.output), var configuration = IndexConfiguration(pip: json) {
          configuration.findLinks += extra
          return configuration
        }
        tried.append("\(path): unexpected output")
      case .success(let outcome):
        tried.append("\(path): \(outcome.errorText.split(separator: "\n").last ?? "\(outcome.termination)")")
      case .failure(let error): tried.append("\(path): \(error)")
      }
    }
    throw .noPip(tried: tried)
  }

  /// A workspace's settings besides pip's configuration.
  public struct Override: Sendable, Hashable {
    /// The indexes to ask instead of pip's; nil to ask those.
    public var indexes: [String]?
    /// Whether ``indexes`` are added to pip's.
    public var addsIndexes: Bool
    /// Further directories and pages with files.
    public var findLinks: [String]

    public init(indexes: [String]? = nil, addsIndexes: Bool = false, findLinks: [String] = []) {
      self.indexes = indexes
      self.addsIndexes = addsIndexes
      self.findLinks = findLinks
    }
  }

  /// This configuration with a workspace's settings: an index that is set there replaces pip's. `KILT_NO_INDEX` applies
  /// in any case.
  public func overridden(
    by override: Override?, environment: (String) -> String? = environmentVariable
  ) -> IndexConfiguration {
    guard let override else { return self }
    var result = self
    result.findLinks += override.findLinks
    let flag = environment("KILT_NO_INDEX") ?? ""
    guard let own = override.indexes, flag.isEmpty || flag == "0" else { return result }
    result.indexes = override.addsIndexes ? indexes + own.filter { !indexes.contains($0) } : own
    if !override.addsIndexes { result.isDefaultIndex = false }
    return result
  }

  /// The output of the script.
  init?(pip json: JSONValue) {
    guard let standard = json["default"]?.string, let found = json["found"]?.object else { return nil }
    func words(_ name: String) -> [String] {
      (found[name]?.string ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }
    let noIndex = ["1", "true", "yes", "on"].contains(lowercased(found["no-index"]?.string ?? ""))
    let configured = found["index-url"]?.string
    isDefaultIndex = configured == nil && !noIndex
    indexes = noIndex ? [] : [configured ?? standard] + words("extra-index-url")
    findLinks = words("find-links")
    certificateFile = found["cert"]?.string
  }

  /// The same settings for `pip`, if they do not come from its own configuration.
  func pipEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    if let first = indexes.first {
      variables["PIP_INDEX_URL"] = first
      variables["PIP_EXTRA_INDEX_URL"] = indexes.dropFirst().joined(separator: " ")
    } else {
      variables["PIP_NO_INDEX"] = "1"
    }
    variables["PIP_FIND_LINKS"] = findLinks.joined(separator: " ")
    if let certificateFile { variables["PIP_CERT"] = certificateFile }
    return variables
  }

  /// The same settings for `uv`, in its environment and not its arguments, which every user of the machine can see.
  func uvEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    if let first = indexes.first, !isDefaultIndex { variables["UV_DEFAULT_INDEX"] = first }
    if indexes.count > 1 { variables["UV_INDEX"] = indexes.dropFirst().joined(separator: " ") }
    if !findLinks.isEmpty { variables["UV_FIND_LINKS"] = findLinks.joined(separator: ",") }
    if let certificateFile { variables["SSL_CERT_FILE"] = certificateFile }
    return variables
  }
}
