import Glibc
import RunnerCommands

exit(PexRunner.main(Array(CommandLine.arguments.dropFirst())))
