import extra.nested.two
