public import JSON

/// The facts of an interpreter: everything that is needed for choosing it and its wheels.
public struct InterpreterFacts: Sendable, Hashable {
  /// `3.11.7`, `3.13.0rc1`.
  public var version: Version
  /// `cpython`, `pypy`.
  public var implementation: String
  /// The interpreter part of its tags: `cp311`, `pp310`.
  public var interpreterTag: String
  /// Its own ABI tags, best first.
  public var abis: [String]
  public var platform: WheelPlatform
  public var environment: MarkerEnvironment

  /// The tags it accepts, in order.
  public var tags: TagSet {
    implementation == "cpython"
      ? TagSet(cPython: version, abis: abis, platforms: platform.tags)
      : TagSet(
        interpreter: interpreterTag, abis: abis, pythonMajor: Int(version.release[0]),
        pythonMinor: version.release.count > 1 ? Int(version.release[1]) : 0, platforms: platform.tags)
  }

  /// The program that prints the facts as JSON. Python 3.6 and later runs it with `-I -S`; older ones fail.
  static let script = """
    import json, os, platform, sys, sysconfig
    v = sys.version_info
    i = sys.implementation.version
    def full(x):
        t = '%d.%d.%d' % x[:3]
        return t if x[3] == 'final' else t + {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}[x[3]] + str(x[4])
    name = sys.implementation.name
    var = sysconfig.get_config_var
    if name == 'cpython':
        tag = 'cp%d%d' % v[:2]
        t = 't' if var('Py_GIL_DISABLED') else ''
        d = 'd' if var('Py_DEBUG') else ''
        m = 'm' if v < (3, 8) and var('WITH_PYMALLOC') != 0 else ''
        abis = [tag + t + d + m] + ([tag + t] if d and v >= (3, 8) else [])
    else:
        tag = ('pp' if name == 'pypy' else name) + '%d%d' % v[:2]
        abis = ['_'.join((var('EXT_SUFFIX') or '..').split('.')[1].split('-')[:2])]
    libc = ''
    try:
        libc = os.confstr('CS_GNU_LIBC_VERSION') or ''
    except (AttributeError, OSError, ValueError):
        pass
    print(json.dumps({
        'version': full(v), 'implementation': name, 'tag': tag, 'abis': abis, 'libc': libc,
        'mac': platform.mac_ver()[0], 'bits': 64 if sys.maxsize > 2 ** 32 else 32,
        'markers': {
            'python_version': '%d.%d' % v[:2], 'python_full_version': platform.python_version(),
            'os_name': os.name, 'sys_platform': sys.platform, 'platform_release': platform.release(),
            'platform_system': platform.system(), 'platform_version': platform.version(),
            'platform_machine': platform.machine(),
            'platform_python_implementation': platform.python_implementation(),
            'implementation_name': name, 'implementation_version': full(i)}}))
    """

  /// Facts in the output of the script; nil if something is missing or invalid.
  public init?(_ json: JSONValue) {
    guard let version = json["version"]?.string.flatMap({ Version($0) }),
      let implementation = json["implementation"]?.string, let tag = json["tag"]?.string,
      let abis = json["abis"]?.strings, let libc = json["libc"]?.string, let mac = json["mac"]?.string,
      let markers = json["markers"]?.object
    else { return nil }
    var values: [MarkerVariable: String] = [:]
    for (name, value) in markers.members {
      guard let variable = MarkerVariable(rawValue: name), let text = value.string else { return nil }
      values[variable] = text
    }
    self.version = version
    self.implementation = implementation
    interpreterTag = tag
    self.abis = abis
    environment = MarkerEnvironment(values: values)
    var machine = environment[.platformMachine]
    if json["bits"]?.int == 32, machine == "x86_64" { machine = "i686" }
    if json["bits"]?.int == 32, machine == "aarch64" { machine = "armv7l" }
    let numbers = (mac.isEmpty ? libc : mac).split { !$0.isNumber }.compactMap { Int($0) }
    if environment[.sysPlatform] == "darwin" {
      guard numbers.count > 1 else { return nil }
      platform = WheelPlatform(system: .macOS(major: numbers[0], minor: numbers[1]), machine: machine)
    } else if libc.hasPrefix("glibc "), numbers.count > 1 {
      platform = WheelPlatform(system: .linux(glibcMajor: numbers[0], glibcMinor: numbers[1]), machine: machine)
    } else {
      // Without glibc it is musl; 1.2 is from 2020.
      platform = WheelPlatform(system: .musl(major: 1, minor: 2), machine: machine)
    }
  }
}
