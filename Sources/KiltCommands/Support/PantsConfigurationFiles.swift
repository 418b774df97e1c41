internal import SystemSupport

/// `--pants-config-files=FILE` of any verb, as Pants has it: a configuration file that is laid over `pants.toml`.
///
/// It does the same as the variable `PANTS_CONFIG_FILES`, which every place that reads the configuration looks at.
enum PantsConfigurationFiles {
  static let option = "--pants-config-files"

  /// The arguments without the option; what follows `--` is for another program.
  static func taken(outOf arguments: [String]) -> [String] {
    guard arguments.contains(where: { $0.hasPrefix(option) }) else { return arguments }
    var rest: [String] = []
    var files: [String] = []
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      if argument == "--" {
        rest += arguments[index...]
        break
      }
      if argument.hasPrefix(option + "=") {
        files.append(String(argument.dropFirst(option.utf8.count + 1)))
      } else if argument == option, index + 1 < arguments.count {
        index += 1
        files.append(arguments[index])
      } else {
        rest.append(argument)
      }
      index += 1
    }
    if !files.isEmpty {
      let quoted = files.map { "'" + $0.replacing("'", with: "\\'") + "'" }
      setEnvironmentVariable(
        "PANTS_CONFIG_FILES", to: files.count == 1 ? files[0] : "[" + quoted.joined(separator: ", ") + "]")
    }
    return rest
  }
}
