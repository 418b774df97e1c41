import Glibc
import RunnerCommands

exit(PexRunner.main(Array(CommandLine.arguments.dropFirst()), calledAs: CommandLine.arguments.first ?? "pex-runner"))
