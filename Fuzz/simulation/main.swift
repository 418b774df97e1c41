// scheduler-simulation FIRST COUNT [STEPS]: runs seeds of the simulated scheduler, and prints the shortest failing run of the
// first one that fails. Exit code 1 when one does. scripts/simulate builds and calls it.

import Glibc
import SchedulerCore
import SchedulerSimulation
import SystemSupport

let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard numbers.count >= 2 else {
  writeText("usage: scheduler-simulation FIRST-SEED COUNT [STEPS]\n", to: 2)
  exit(2)
}
let steps = numbers.count > 2 ? Int(numbers[2]) : 400
let start = monotonicNanoseconds()
var events = 0
var crashes = 0
for seed in numbers[0]..<numbers[0] + numbers[1] {
  let world = World.storm(seed: seed, steps: steps)
  events += world.events
  crashes += world.crashes
  guard !world.findings.isEmpty else { continue }
  writeText("seed \(seed) fails: \(world.findings.joined(separator: "; "))\n", to: 1)
  let shrinker = Shrinker(seed: seed)
  if let short = shrinker.shrink(Step.storm(seed: seed, count: steps)) {
    writeText("its shortest run has \(short.count) steps:\n\(shrinker.trace(short))\n", to: 1)
  }
  exit(1)
}
let seconds = Double(monotonicNanoseconds() - start) / 1e9
writeText(
  "\(numbers[1]) seeds of \(steps) steps: \(events) events, \(crashes) crashes, "
    + "\(Int(Double(events) / max(seconds, 0.001) * 60)) events a minute; every seed converges\n", to: 1)
