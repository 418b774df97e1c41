import Executor
import Glibc

exit(ExecutorCommand.run(arguments: Array(CommandLine.arguments.dropFirst())))
