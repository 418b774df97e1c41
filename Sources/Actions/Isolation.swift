public import SystemSupport

/// The isolation of actions from everything that they did not declare.
public typealias Isolation = BuildIsolation
