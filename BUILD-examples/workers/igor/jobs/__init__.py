"""What Igor can do: a module a job, a class with `run(body)` that gives what is worth logging."""
