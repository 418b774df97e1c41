extension JobConfiguration {
  /// All strings that can contain a late variable, in the order in which they are written.
  public var templatedStrings: [String] {
    var strings = [task.name]
    for process in task.processes { strings += [process.name, process.cmdline] }
    switch healthCheck?.checker {
    case .http(let http): strings += [http.base, http.endpoint, http.expectedResponse].compactMap { $0 }
    case .shell(let command): strings.append(command)
    case .tcp, .logSilence, nil: break
    }
    if let lifecycle { strings += [lifecycle.gracefulShutdownEndpoint, lifecycle.shutdownEndpoint] }
    strings += task.environment.sorted { $0.key < $1.key }.map(\.value)
    for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { strings += [name, value] }
    return strings
  }

  /// The names of the ports the task needs, sorted: every `{{thermos.ports[NAME]}}` in any of its strings, as in Aurora,
  /// where ports are not declared.
  public var requiredPorts: [String] {
    var names = Set<String>()
    for string in templatedStrings {
      for variable in LateBinding.variables(in: string) {
        if case .port(let name) = LateBinding.Variable(variable) { names.insert(name) }
      }
    }
    return names.sorted()
  }

  /// The variables in its strings that late binding does not know, sorted: a configuration with one is refused.
  public var unboundVariables: [String] {
    var names = Set<String>()
    for string in templatedStrings {
      for variable in LateBinding.variables(in: string)
      where LateBinding.Variable(variable) == nil {
        names.insert(variable)
      }
    }
    return names.sorted()
  }
}
