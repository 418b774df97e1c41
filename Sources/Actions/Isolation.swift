public import SystemSupport

/// How actions are kept from what they did not declare.
public typealias Isolation = BuildIsolation
