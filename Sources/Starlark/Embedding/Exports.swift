// Code that embeds the language needs source files, dialects and errors too.
@_exported public import StarlarkSyntax
