import Glibc
import SchedulerServer

exit(await SchedulerCommand.start(Array(CommandLine.arguments.dropFirst())))
