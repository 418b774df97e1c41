internal import SystemSupport

/// `--pants-config-files=FILE` of any command, as in Pants: a configuration file that overrides `pants.toml`.
///
/// It has the effect of the variable `PANTS_CONFIG_FILES`, which all readers of the configuration use.
enum PantsConfigurationFiles {
  static let option = "--pants-config-files"

  /// The arguments without the option; arguments after `--` are for another program.
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
