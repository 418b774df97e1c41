import Glibc
import KiltCommands

exit(Invocation.run(Array(CommandLine.arguments.dropFirst())))
