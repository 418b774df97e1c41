from lib.auth import tokens

print(tokens)
