import Dispatch
import Glibc
import SchedulerServer
import SystemSupport

// Before the first task is made: what runs tasks opens files, which would take the numbers of closed descriptors.
claimStandardDescriptors()
Task { exit(await SchedulerCommand.start(Array(CommandLine.arguments.dropFirst()))) }
dispatchMain()
