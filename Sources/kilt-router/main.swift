import Dispatch
import Glibc
import RouterCommands
import SystemSupport

// Before the first task is created: the task system opens files, which would take the numbers of closed descriptors.
claimStandardDescriptors()
let arguments = Array(CommandLine.arguments.dropFirst())
Task {
  let code = await RouterCommand.start(arguments)
  exit(code)
}
dispatchMain()
