/// The version of every executable of Kilt (semantic versioning 2.0).
public let kiltVersion = "0.1.0"
