from some_thing import part
